// The types of the API's answers, from the OpenAPI document on standard input.
//
//   python scripts/openapi.py | node web/types.js            writes src/api/schema.d.ts
//   python scripts/openapi.py | node web/types.js --check    exits with 1 where that is not what it would write
//
// Prose, examples and refusals are left out: the pages need shapes, and a sentence that changes should change no code.
import openapiTS, { astToString } from "openapi-typescript";
import { readFileSync, writeFileSync } from "node:fs";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const PATH = fileURLToPath(new URL("src/api/schema.d.ts", import.meta.url));
const SILENT = new Set(["description", "summary", "example", "examples", "title", "externalDocs", "tags"]);

function shapes(value, inProperties = false) {
  if (Array.isArray(value)) return value.map((one) => shapes(one));
  if (value === null || typeof value !== "object") return value;
  const kept = Object.entries(value).filter(([key]) => inProperties || !SILENT.has(key));
  return Object.fromEntries(kept.map(([key, one]) => [key, shapes(one, key === "properties" || key === "schemas")]));
}

const document = shapes(await json(process.stdin));
for (const path of Object.values(document.paths)) {
  for (const operation of Object.values(path)) {
    if (!operation.responses) continue;
    const good = Object.entries(operation.responses).filter(([status]) => status.startsWith("2"));
    operation.responses = Object.fromEntries(good);
    for (const answer of Object.values(operation.responses)) delete answer.headers;
  }
}
const written = `// Written by types.js from the OpenAPI document: change that, then \`make web-types\`.\n\n${astToString(await openapiTS(document))}`;

if (process.argv.includes("--check")) {
  if (readFileSync(PATH, "utf8") !== written) {
    console.error("web/src/api/schema.d.ts is not what the OpenAPI document says: run `make web-types`");
    process.exit(1);
  }
} else {
  writeFileSync(PATH, written);
}
