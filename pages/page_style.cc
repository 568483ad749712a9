#include "pages/page_style.h"

namespace seam {

const std::string_view kPageStyle = R"css(
:root { --ink: #1b1d21; --dim: #5c616b; --line: #dcdfe4; --ground: #fff; --soft: #f5f6f8;
  --fake: #b42318; --fake-soft: #fdecea; --real: #0b6b3a; --real-soft: #e5f4ea;
  --unsure: #8a5300; --unsure-soft: #fff1d6; --none: #4a4f59; --none-soft: #eceef1; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; color: var(--ink);
  background: var(--ground); max-width: 1280px; margin: 0 auto; padding: 1.5em 1.2em 4em; }
h1 { font-size: 1.6em; line-height: 1.2; margin: 0 0 .3em; } h2 { font-size: 1.25em; margin: 2.2em 0 .6em; overflow-wrap: anywhere; }
h3 { font-size: 1.08em; margin: 0; overflow-wrap: anywhere; } h4 { font-size: .95em; margin: 1.2em 0 .3em; }
p { margin: .5em 0; max-width: 75ch; } a { color: #0b57b0; }
.dim { color: var(--dim); fill: var(--dim); } small { color: var(--dim); }
.mono { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .88em; overflow-wrap: anywhere; }
.note { background: var(--unsure-soft); border-left: 4px solid #d58a00; padding: .55em 1em; margin: .6em 0;
  max-width: none; overflow-wrap: anywhere; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .35em .7em; text-align: left; vertical-align: top; }
td.n, th.n { text-align: right; white-space: nowrap; } td.path { overflow-wrap: anywhere; min-width: 14em; }
.wide { overflow-x: auto; } #inputs { width: 100%; font-size: .95em; } #inputs th, #inputs td { padding: .35em .5em; } #inputs th { position: sticky; top: 0; background: var(--ground);
  white-space: nowrap; border-bottom: 2px solid var(--line); }
#inputs th button { font: inherit; font-weight: 600; background: none; border: 0; padding: 0; margin: 0; cursor: pointer;
  color: inherit; } #inputs th button::after { content: " \2195"; color: #9aa0aa; }
#inputs th[aria-sort=ascending] button::after { content: " \2191"; color: inherit; }
#inputs th[aria-sort=descending] button::after { content: " \2193"; color: inherit; }
#inputs tbody tr:hover { background: var(--soft); }
:focus-visible { outline: 3px solid #4c9aff; outline-offset: 2px; }
.verdict { display: inline-block; border-radius: 4px; padding: .05em .55em; font-weight: 600; white-space: nowrap;
  background: var(--none-soft); color: var(--none); border: 1px solid currentColor; }
.verdict.fake { background: var(--fake-soft); color: var(--fake); }
.verdict.real { background: var(--real-soft); color: var(--real); }
.verdict.uncertain { background: var(--unsure-soft); color: var(--unsure); }
.bar { display: inline-block; width: 48px; height: .6em; background: var(--none-soft); border-radius: 3px;
  margin-right: .5em; overflow: hidden; vertical-align: .05em; }
.bar i { display: block; height: 100%; background: #697180; } .bar.fake i { background: var(--fake); }
.bar.real i { background: var(--real); } .bar.uncertain i { background: #d58a00; }
.tally { display: flex; flex-wrap: wrap; gap: .5em; margin: 1em 0; padding: 0; list-style: none; }
.tools { display: none; flex-wrap: wrap; gap: .4em 1.2em; align-items: center; margin: .8em 0; padding: .6em .8em;
  background: var(--soft); border-radius: 6px; } .js .tools { display: flex; }
.tools label { white-space: nowrap; } .tools input[type=search] { font: inherit; padding: .2em .5em; min-width: 16em; }
section.video { border: 1px solid var(--line); border-radius: 8px; padding: 1em 1.2em; margin: 1.2em 0;
  content-visibility: auto; contain-intrinsic-size: auto 620px; }
section.video > header { display: flex; flex-wrap: wrap; gap: .5em 1em; align-items: baseline; }
section.video > header .score { font-size: 1.15em; font-weight: 600; font-variant-numeric: tabular-nums; }
.why { margin: .6em 0 .8em; padding-left: 1.2em; max-width: 85ch; } .why li { margin: .15em 0; }
.strip { display: flex; flex-wrap: wrap; gap: 12px; margin: .6em 0; }
figure.face { margin: 0; border: 1px solid var(--line); border-radius: 6px; overflow: hidden; background: var(--soft);
  break-inside: avoid; } figure.face .pictures { display: flex; height: 132px; background: #111; }
figure.face figcaption { padding: .3em .6em; font-size: .86em; }
.frame { position: relative; height: 132px; } .frame img { height: 132px; width: auto; display: block; }
.frame svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.pictures > img { height: 132px; width: 132px; display: block; border-left: 1px solid #000; }
.box { fill: none; stroke-width: 3; vector-effect: non-scaling-stroke; stroke: #fff; }
.box.under { stroke: #000; stroke-width: 5; } .box.fake { stroke: #ff4d3d; } .box.real { stroke: #2fd27a; }
.box.uncertain { stroke: #ffb020; }
svg.chart { width: 100%; max-width: 860px; height: auto; display: block; fill: var(--ink); }
.halo { paint-order: stroke; stroke: var(--soft); stroke-width: 3px; stroke-linejoin: round; }
.ground { fill: var(--soft); } .band { fill: #ffdf9e; opacity: .6; } .threshold { stroke: #777; stroke-dasharray: 5 4; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .15em 1em; margin: .6em 0; }
dl.facts dt { color: var(--dim); } dl.facts dd { margin: 0; overflow-wrap: anywhere; }
details > summary { cursor: pointer; color: var(--dim); } .up { font-size: .86em; }
table.numbers { margin: 1em 0; font-size: .88em; } table.numbers caption { text-align: left; font-weight: 600; padding: .3em 0; white-space: nowrap; }
table.numbers th, table.numbers td { padding: .25em .5em; text-align: right; white-space: nowrap; }
table.numbers th:first-child, table.numbers td:first-child { text-align: left; }
.plots { display: flex; flex-wrap: wrap; gap: 1em; } .plots img { width: calc(50% - .6em); min-width: min(100%, 400px); border: 1px solid var(--line); }
.wide img { max-width: 100%; }
.matches { display: flex; flex-wrap: wrap; gap: 12px; padding: 12px 0; border-bottom: 1px solid var(--line); }
.matches figure { margin: 0; width: 150px; font-size: .8em; overflow-wrap: anywhere; }
.matches figure:first-child { border-right: 2px solid var(--line); padding-right: 12px; width: 164px; }
.matches img { display: block; width: 112px; height: 112px; object-fit: contain; background: #111; border-radius: 4px; }
[hidden] { display: none !important; }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } .tools, .up { display: none !important; }
  section.video { break-inside: avoid-page; content-visibility: visible; } #inputs th { position: static; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; } a { color: inherit; text-decoration: none; } }
)css";

const std::string_view kPageScript = R"js(
(function () {
  "use strict";
  document.documentElement.classList.add("js");
  var table = document.getElementById("inputs"), body = table.tBodies[0];
  var rows = Array.prototype.slice.call(body.rows);
  function key(row, column) {
    var cell = row.cells[column], given = cell.getAttribute("data-k");
    if (given === null) return cell.textContent;
    return given === "" ? null : parseFloat(given);
  }
  function sortBy(column, downward) {
    rows.sort(function (a, b) {
      var x = key(a, column), y = key(b, column);
      if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
      var order = typeof x === "number" ? x - y : x.localeCompare(y, undefined, { numeric: true });
      return downward ? -order : order;
    });
    rows.forEach(function (row) { body.appendChild(row); });
  }
  var heads = table.tHead.rows[0].cells;
  Array.prototype.forEach.call(heads, function (head, column) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.textContent = "";
    head.appendChild(button);
    button.addEventListener("click", function () {
      var downward = head.getAttribute("aria-sort") === "ascending";
      if (head.getAttribute("aria-sort") === null) downward = head.classList.contains("n");
      Array.prototype.forEach.call(heads, function (other) { other.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", downward ? "descending" : "ascending");
      sortBy(column, downward);
    });
  });
  var boxes = Array.prototype.slice.call(document.querySelectorAll(".tools input[type=checkbox]"));
  var search = document.getElementById("search"), told = document.getElementById("told");
  function filter() {
    var wanted = {}, text = search.value.toLowerCase(), shown = 0;
    boxes.forEach(function (box) { wanted[box.value] = box.checked; });
    rows.forEach(function (row) {
      var show = wanted[row.getAttribute("data-verdict")] !== false &&
        row.textContent.toLowerCase().indexOf(text) >= 0;
      row.hidden = !show;
      var section = document.getElementById(row.getAttribute("data-section"));
      if (section) section.hidden = !show;
      if (show) shown += 1;
    });
    told.textContent = shown + " of " + rows.length + " shown";
  }
  boxes.forEach(function (box) { box.addEventListener("change", filter); });
  search.addEventListener("input", filter);
  filter();
}());
)js";

}  // namespace seam
