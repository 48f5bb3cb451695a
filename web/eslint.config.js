import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["node_modules", "src/api/schema.d.ts"] },
  ...ts.configs.strict,
  ...svelte.configs["flat/recommended"],
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser } },
    rules: {
      // Links are built by `state/place.svelte.ts`; there is no base path to resolve.
      "svelte/no-navigation-without-resolve": "off",
      // What changes by parts here is made anew each time: nothing reads a Map or URLSearchParams that is being changed.
      "svelte/prefer-svelte-reactivity": "off",
    },
  },
  { files: ["types.js"], rules: { "no-console": "off" } },
  { ignores: ["types.js"], rules: { "no-console": "error", eqeqeq: "error", "svelte/no-at-html-tags": "error" } },
);
