// Small charts without a library: a drawing for the eye, a slider that reads it out value by value (mouse, touch, arrow
// keys, screen reader), and the same numbers as a table.

const width = 600;
const height = 150;
let count = 0;

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function drawing(name, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** A table of rows, the first cell of each its heading. */
export function table(caption, heads, rows) {
  const row = (cells, head) => element("tr", {}, ...cells.map((cell, i) => {
    if (head) return element("th", { scope: "col" }, cell);
    return i ? element("td", {}, cell) : element("th", { scope: "row" }, cell);
  }));
  return element("table", {}, element("caption", { class: "hidden" }, caption),
    element("thead", {}, row(heads, true)), element("tbody", {}, ...rows.map((cells) => row(cells, false))));
}

/** A table too long for the page scrolls by itself, by keyboard too. */
function asTable(title, heads, rows) {
  const box = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}, as a table` }, table(title, heads, rows));
  return element("details", {}, element("summary", {}, "As a table"), box);
}

function bars(points, top) {
  const step = width / points.length;
  const gap = Math.min(4, step / 4);
  return points.map(({ value }, i) => {
    const tall = (value / top) * height;
    return drawing("rect", { x: i * step + gap / 2, y: height - tall, width: step - gap, height: tall });
  });
}

function area(points, top) {
  const step = width / points.length;
  const line = points.flatMap(({ value }, i) => {
    const y = (height - (value / top) * height).toFixed(1);
    return [`${(i * step).toFixed(2)} ${y}`, `${((i + 1) * step).toFixed(2)} ${y}`];
  });
  return [drawing("path", { d: `M0 ${height}L${line.join("L")}L${width} ${height}Z` })];
}

/**
 * → a <figure>. points: [{ label, value, text }], in order; `text` is the value as it is read out.
 * rows: for the table, when the points are too many to be read.
 */
export function chart({ title, kind, points, heads, rows, top = 0, topText = "" }) {
  const most = Math.max(top, ...points.map(({ value }) => value)) || 1;
  const cursor = drawing("rect", { class: "cursor", y: 0, width: Math.max(2, width / points.length), height });
  const shapes = kind === "area" ? area(points, most) : bars(points, most);
  const svg = drawing("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, cursor, ...shapes);
  const id = `chart-${count += 1}`;
  const output = element("output", { for: id });
  const slider = element("input", { type: "range", id, min: 0, max: points.length - 1, step: 1, "aria-label": title });
  slider.value = String(points.length - 1);
  const show = () => {
    const { label, text } = points[Number(slider.value)];
    output.textContent = `${label}: ${text}`;
    slider.setAttribute("aria-valuetext", output.textContent);
    cursor.setAttribute("x", (Number(slider.value) * width) / points.length);
  };
  slider.addEventListener("input", show);
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    slider.value = String(Math.min(points.length - 1, Math.floor(((event.clientX - box.left) / box.width) * points.length)));
    show();
  });
  show();
  return element("figure", { class: "chart" }, element("figcaption", {}, element("h3", {}, title), output),
    element("p", { class: "meta top", "aria-hidden": "true" }, topText), svg, slider,
    element("p", { class: "meta ends", "aria-hidden": "true" }, element("span", {}, points[0].label), element("span", {}, points.at(-1).label)),
    asTable(title, heads, rows ?? points.map(({ label, text }) => [label, text])));
}

/** → a <figure> of shares of a whole: [{ label, value, text }]; a bar beside each line of the table. */
export function portions({ title, heads, points }) {
  const all = points.reduce((sum, { value }) => sum + value, 0) || 1;
  const rows = points.map(({ label, value, text }) => {
    const bar = drawing("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
      drawing("rect", { x: 0, y: 0, width: (100 * value) / all, height: 8 }));
    const part = document.createDocumentFragment();
    part.append(`${Math.round((100 * value) / all)} %`, bar);
    return [label, text, part];
  });
  return element("figure", { class: "chart portions" }, element("figcaption", {}, element("h3", {}, title)), table(title, heads, rows));
}
