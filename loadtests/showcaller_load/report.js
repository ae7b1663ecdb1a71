// Under the pointer: a line through all plots of the run, and each line's figures in its legend.
// They are read from the tables behind the plots; without this script those are there just the same.
"use strict";
for (const timeline of document.querySelectorAll(".timeline")) {
  const end = Number(timeline.dataset.end);
  const figures = [...timeline.querySelectorAll("figure")].map((figure) => {
    const svg = figure.querySelector("svg.plot");
    const line = document.createElementNS(svg.namespaceURI, "line");
    line.setAttribute("class", "cursor");
    line.setAttribute("y1", "0");
    line.setAttribute("y2", svg.getAttribute("height"));
    const outputs = [...figure.querySelectorAll(".legend li")].map((item) => {
      const output = document.createElement("output");
      output.setAttribute("aria-live", "off");
      item.append(output);
      return output;
    });
    return { svg, line, outputs, rows: [...figure.querySelectorAll(".figures tbody tr")] };
  });

  const show = (seconds) => {
    for (const { svg, line, outputs, rows } of figures) {
      const at = `${(100 * seconds) / end}%`;
      line.setAttribute("x1", at);
      line.setAttribute("x2", at);
      svg.append(line);
      const row = rows.find((r) => Number(r.dataset.from) <= seconds && seconds < Number(r.dataset.to));
      outputs.forEach((output, n) => (output.value = row ? row.cells[n + 1].textContent : "–"));
    }
  };

  const hide = () => {
    for (const { line, outputs } of figures) {
      line.remove();
      for (const output of outputs) output.value = "";
    }
  };

  for (const { svg } of figures) {
    svg.addEventListener("pointermove", (event) => {
      const grid = svg.querySelector(".grid").getBoundingClientRect();
      show(Math.min(0.9999, Math.max(0, (event.clientX - grid.left) / grid.width)) * end);
    });
    svg.addEventListener("pointerleave", hide);
  }
}
