"""How the report looks: light and dark as the reader's system is, down to 400 pixels, and on paper."""

from __future__ import annotations

from pulsestream.report.html import Html

STYLE = Html("""
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #fff; --ink: #16191f; --soft: #5b6472; --line: #e3e6eb; --faint: #eef0f3;
  --blue: #2f6bde; --blue-soft: #c9daf9; --red: #c93a31; --amber: #9a5b00; --green: #1b7f4d;
  --p50: #8fb4f5; --p95: #2f6bde; --p99: #6a3fc4; --refused: #e0a33b; --failed: #c93a31;
  --red-wash: #fcebea; --amber-wash: #fdf3e0; --green-wash: #e6f5ec; --grey-wash: #eef0f3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1116; --card: #161a21; --ink: #e7eaf0; --soft: #98a2b3; --line: #262c37; --faint: #1e232d;
    --blue: #6ea0ff; --blue-soft: #22365c; --red: #ff7a70; --amber: #e8ac4e; --green: #4cc38a;
    --p50: #5b80c8; --p95: #6ea0ff; --p99: #b795ff; --refused: #d59a3a; --failed: #f0665c;
    --red-wash: #3a1d1d; --amber-wash: #35280f; --green-wash: #12301f; --grey-wash: #232934;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1120px; margin: 0 auto; padding: 40px 24px 56px; }
h1 { font-size: 28px; line-height: 1.2; letter-spacing: -.015em; margin: 0; font-weight: 680; }
h2 { font-size: 17px; line-height: 1.3; letter-spacing: -.005em; margin: 40px 0 12px; font-weight: 650; }
h2 small { font-size: 13px; font-weight: 400; color: var(--soft); letter-spacing: 0; margin-left: 8px; }
h3 { font-size: 14px; margin: 0; font-weight: 620; }
p { margin: 0; }
code { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.soft { color: var(--soft); }
.better { color: var(--green); } .worse { color: var(--red); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }

.head { display: flex; flex-wrap: wrap; gap: 8px 24px; align-items: flex-end; justify-content: space-between; }
.mark { font-size: 12px; font-weight: 650; letter-spacing: .08em; text-transform: uppercase; color: var(--blue);
  margin-bottom: 6px; }
.when { color: var(--soft); margin-top: 6px; }
.filter { margin-top: 8px; color: var(--soft); }
.filter code { background: var(--faint); color: var(--ink); padding: 2px 7px; border-radius: 5px;
  overflow-wrap: anywhere; }
.short { margin-top: 24px; padding: 18px 22px; font-size: 15.5px; line-height: 1.6; max-width: none; }
.short p + p { margin-top: 6px; }

.tiles { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 12px; margin-top: 12px; }
.tile { padding: 14px 16px 13px; }
.tile .name { font-size: 12.5px; color: var(--soft); }
.tile .value { font-size: 26px; line-height: 1.25; font-weight: 640; letter-spacing: -.02em; margin-top: 2px;
  white-space: nowrap; }
.tile .change { font-size: 12.5px; margin-top: 3px; line-height: 1.35; }

.charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 12px; }
.chart { margin: 0; padding: 16px 18px 12px; }
.chart.whole { grid-column: 1 / -1; }
.chart figcaption { display: flex; flex-wrap: wrap; gap: 2px 16px; align-items: baseline; margin-bottom: 12px; }
.chart figcaption .soft { font-size: 12.5px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; margin-left: auto; font-size: 12.5px; color: var(--soft); }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; }
.plot { position: relative; margin-left: 52px; height: 168px; }
.whole .plot { height: 190px; }
.plot svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.plot .y { position: absolute; right: 100%; transform: translate(-8px, 50%); font-size: 11.5px; line-height: 1;
  color: var(--soft); white-space: nowrap; }
.hours { position: relative; height: 22px; margin-left: 52px; }
.hours .x { position: absolute; top: 7px; transform: translateX(-50%); font-size: 11.5px; line-height: 1.2;
  color: var(--soft); white-space: nowrap; }
.grid { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.curve { fill: none; stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round;
  vector-effect: non-scaling-stroke; }
.spot { fill: var(--ink); fill-opacity: 0; }
.spot:hover { fill-opacity: .07; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th { font-weight: 500; font-size: 12.5px; color: var(--soft); text-align: right; padding: 11px 10px 8px;
  border-bottom: 1px solid var(--line); white-space: nowrap; }
td { text-align: right; padding: 9px 10px; border-bottom: 1px solid var(--faint); white-space: nowrap;
  vertical-align: top; }
tr:last-child td { border-bottom: 0; }
th:first-child, td:first-child { text-align: left; padding-left: 18px; }
th:last-child, td:last-child { padding-right: 18px; }
td.text, th.text { text-align: left; }
td .was { display: block; font-size: 12px; }
tr.ill td { border-bottom: 0; }
td.why { text-align: left; font-size: 12.5px; color: var(--soft); white-space: normal; padding-top: 0; }
.narrow { display: none; margin-top: 3px; }
tr.all td { border-top: 1px solid var(--line); font-weight: 620; }
.name { overflow-wrap: anywhere; white-space: normal; }
.spark { width: 110px; height: 26px; display: block; margin-left: auto; }
.spark path { vector-effect: non-scaling-stroke; }

.state { display: inline-block; font-size: 12px; line-height: 1.3; font-weight: 560; padding: 2px 8px;
  border-radius: 99px; white-space: nowrap; }
.healthy { background: var(--green-wash); color: var(--green); }
.degraded { background: var(--amber-wash); color: var(--amber); }
.failing { background: var(--red-wash); color: var(--red); }
.silent { background: var(--grey-wash); color: var(--soft); }

.columns { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 12px; }
.columns.two { grid-template-columns: repeat(2, minmax(0, 1fr)); }
.list { padding: 15px 18px 8px; }
.list h3 { display: flex; justify-content: space-between; gap: 12px; align-items: baseline; margin-bottom: 8px; }
.list h3 span { font-weight: 400; font-size: 12.5px; color: var(--soft); }
.row { padding: 6px 0 8px; }
.row .line { display: flex; justify-content: space-between; gap: 12px; align-items: baseline; }
.row .name { font-size: 13px; min-width: 0; }
.row .figure { font-weight: 600; white-space: nowrap; }
.row .under { display: flex; justify-content: space-between; gap: 12px; font-size: 12px; color: var(--soft); }
.bar { height: 4px; border-radius: 2px; background: var(--faint); margin-top: 5px; overflow: hidden; }
.bar i { display: block; height: 100%; border-radius: 2px; background: var(--blue); }
.bar.bad i { background: var(--failed); } .bar.slow i { background: var(--p99); }
.method { font: 600 10.5px/1 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; color: var(--soft);
  margin-right: 6px; letter-spacing: .02em; }

.failure { display: grid; grid-template-columns: 84px minmax(0, 1fr) 150px; gap: 4px 18px; padding: 13px 18px;
  border-bottom: 1px solid var(--faint); }
.failure:last-child { border-bottom: 0; }
.failure .count { font-size: 17px; font-weight: 640; line-height: 1.3; }
.failure .said { font-weight: 560; overflow-wrap: anywhere; }
.failure .facts { font-size: 12.5px; color: var(--soft); overflow-wrap: anywhere; }
.failure .spark { width: 150px; height: 34px; }
.status { font-size: 12px; font-weight: 620; padding: 1px 6px; border-radius: 4px; background: var(--grey-wash);
  color: var(--soft); margin-right: 8px; }
.status.server { background: var(--red-wash); color: var(--red); }
.status.client { background: var(--amber-wash); color: var(--amber); }
.fresh { font-size: 11px; font-weight: 650; letter-spacing: .04em; padding: 1px 6px; border-radius: 4px;
  background: var(--blue); color: var(--card); margin-right: 8px; }

.none { padding: 18px 22px; color: var(--soft); }
.basis { margin-top: 40px; padding: 18px 22px; font-size: 13px; color: var(--soft); }
.basis h2 { margin: 0 0 8px; font-size: 14px; color: var(--ink); }
.basis dl { display: grid; grid-template-columns: 130px minmax(0, 1fr); gap: 4px 16px; margin: 0; }
.basis dt { color: var(--soft); } .basis dd { margin: 0; color: var(--ink); overflow-wrap: anywhere; }

@media (max-width: 1000px) {
  .tiles { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .columns { grid-template-columns: minmax(0, 1fr); }
  .wide { display: none; }
}
@media (max-width: 640px) {
  main { padding: 24px 14px 40px; }
  h1 { font-size: 23px; }
  h2 { margin-top: 32px; }
  h2 small { display: block; margin: 2px 0 0; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 8px; }
  .tile { padding: 11px 13px; } .tile .value { font-size: 22px; }
  .short { padding: 14px 16px; font-size: 15px; }
  .charts, .columns.two { grid-template-columns: minmax(0, 1fr); gap: 8px; }
  .chart { padding: 14px 14px 10px; }
  .legend { margin-left: 0; }
  .hours .x:nth-child(even) { display: none; }
  .medium { display: none; }
  .narrow { display: block; }
  th:nth-last-child(3), td:nth-last-child(3) { padding-right: 14px; }
  th, td { padding-left: 6px; padding-right: 6px; }
  th:first-child, td:first-child { padding-left: 14px; } th:last-child, td:last-child { padding-right: 14px; }
  .failure { grid-template-columns: 64px minmax(0, 1fr); gap: 4px 12px; padding: 12px 14px; }
  .failure .spark { grid-column: 2; width: 100%; margin: 4px 0 0; }
  .basis { padding: 14px 16px; } .basis dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .basis dd { margin-bottom: 6px; }
}
@page { margin: 14mm 12mm; }
@media print {
  :root {
    color-scheme: light;
    --page: #fff; --card: #fff; --ink: #16191f; --soft: #5b6472; --line: #d8dce2; --faint: #eceef1;
    --blue: #2f6bde; --blue-soft: #c9daf9; --red: #c93a31; --amber: #9a5b00; --green: #1b7f4d;
    --p50: #8fb4f5; --p95: #2f6bde; --p99: #6a3fc4; --refused: #e0a33b; --failed: #c93a31;
    --red-wash: #fcebea; --amber-wash: #fdf3e0; --green-wash: #e6f5ec; --grey-wash: #eef0f3;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 11px; }
  main { max-width: none; padding: 0; }
  h2 { margin-top: 22px; break-after: avoid; }
  .tiles { grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 8px; }
  .tile { padding: 9px 10px; } .tile .value { font-size: 18px; } .tile .change { font-size: 10.5px; }
  .short { font-size: 12.5px; padding: 12px 16px; }
  .columns { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .plot { height: 120px; } .whole .plot { height: 130px; }
  .card, .chart, .row, .failure, tr { break-inside: avoid; }
  .card.long { break-inside: auto; }
  .scroll { overflow: visible; }
}
""")
