// Charts beside the map: they follow its filter, and a brush on them filters the map.
(function (planner) {
  "use strict";
  const WIDTH = 316, BINS = 30;

  function svg(tag, attributes, ...children) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const name in attributes) if (attributes[name] !== null) node.setAttribute(name, attributes[name]);
    children.flat().forEach((child) => child !== null && node.append(child));
    return node;
  }
  planner.svg = svg;

  const text = (x, y, words, anchor) => svg("text", { x: x, y: y, "text-anchor": anchor || "start" }, words);

  function round(span) {
    const step = Math.pow(10, Math.floor(Math.log10(span / 4 || 1)));
    return [1, 2, 5, 10].map((k) => k * step).find((v) => span / v <= 5) || step;
  }
  planner.roundStep = round;

  // area by target: all of it pale, what passes the filter full; a click leaves only that target
  function areas(page) {
    const { speech, columns, visible, config, state } = page;
    const keys = Object.keys(config.targets), all = keys.map(() => 0), seen = keys.map(() => 0);
    const views = config.views.filter((spec) => spec.targets), shown = views.find((spec) => spec.key === state.view) || views[0]; // the one that is drawn
    const column = shown ? columns[shown.column] : columns.target;
    for (let u = 0; u < visible.length; u++) {
      const k = column.values[u], mu = columns.area_mu.at(u) || 0;
      if (k < 0) continue;
      all[k] += mu;
      if (visible[u]) seen[k] += mu;
    }
    const rows = keys.map((_, k) => k).filter((k) => all[k] > 0), top = Math.max(...all, 1), left = 96;
    const title = views.length > 1 ? planner.el("p", { class: "planner-charttitle" }, speech.t("chart_areas") + speech.t("colon") + speech.pick(shown.label)) : null;
    return [title, svg("svg", { viewBox: "0 0 " + WIDTH + " " + (rows.length * 22 + 4), role: "img", class: "planner-chart", "aria-label": speech.t("chart_areas") }, rows.map((k, i) => {
      const bar = (v, opacity) => svg("rect", { x: left, y: i * 22 + 3, width: Math.max(0.5, (v / top) * (WIDTH - left - 74)), height: 15, fill: config.targets[keys[k]].colours[state.palette], "fill-opacity": opacity, stroke: "#555", "stroke-width": 0.4 });
      const row = svg("g", { "data-target": keys[k], class: shown ? "planner-click" : null }, text(0, i * 22 + 15, planner.labelOf(page, "targets", keys[k])), bar(all[k], 0.25), bar(seen[k], 1), text(WIDTH, i * 22 + 15, speech.area(seen[k]), "end"));
      if (shown) row.addEventListener("click", () => { const index = shown.classes.findIndex((c) => c.code === k); page.views.only(shown.key, index); page.refilter(); });
      return row;
    }))];
  }

  // area over a column in bins; dragging across it filters, a double click lifts that
  function histogram(page, spec) {
    const { speech, columns, visible, views } = page, column = columns[spec.column];
    const [low, high] = spec.span, width = (high - low) / BINS, all = new Float64Array(BINS), seen = new Float64Array(BINS);
    for (let u = 0; u < visible.length; u++) {
      const value = column.at(u);
      if (isNaN(value)) continue;
      const bin = Math.max(0, Math.min(BINS - 1, Math.floor((value - low) / width)));
      const mu = columns.area_mu.at(u) || 0;
      all[bin] += mu;
      if (visible[u]) seen[bin] += mu;
    }
    const top = Math.max(...all, 1), height = 62, x = (v) => ((v - low) / (high - low)) * WIDTH, y = (v) => height - (v / top) * (height - 6);
    const bars = (values, kind) => Array.from(values, (v, i) => svg("rect", { class: kind, x: (i / BINS) * WIDTH + 0.5, y: y(v), width: WIDTH / BINS - 1, height: Math.max(0, height - y(v)) }));
    const range = views.ranges.get(spec.column), step = round(high - low), ticks = [];
    for (let v = Math.ceil(low / step) * step; v <= high + 1e-9; v += step) ticks.push(text(Math.min(WIDTH, Math.max(8, x(v))), height + 13, speech.number(v, step < 1 ? 1 : 0), x(v) > WIDTH - 24 ? "end" : "middle"));
    const brush = svg("rect", { class: "planner-brush", x: range ? x(range[0]) : 0, y: 0, width: range ? Math.max(1, x(range[1]) - x(range[0])) : 0, height: height });
    const chart = svg("svg", { viewBox: "0 0 " + WIDTH + " " + (height + 16), role: "img", class: "planner-chart planner-histogram", "data-column": spec.column, "aria-label": speech.pick(spec.label) }, bars(all, "planner-all-bars"), bars(seen, "planner-seen-bars"), brush, ticks);
    let from = null;
    const at = (event) => { const box = chart.getBoundingClientRect(); return low + Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * (high - low); };
    const drawn = (to) => { brush.setAttribute("x", Math.min(x(from), x(to))); brush.setAttribute("width", Math.abs(x(to) - x(from))); };
    chart.addEventListener("pointerdown", (event) => { from = at(event); chart.setPointerCapture(event.pointerId); event.preventDefault(); });
    chart.addEventListener("pointermove", (event) => { if (from !== null) drawn(at(event)); });
    chart.addEventListener("pointerup", (event) => {
      if (from === null) return;
      const to = at(event), span = [Math.min(from, to), Math.max(from, to)];
      from = null;
      if (span[1] - span[0] < width / 4) views.ranges.delete(spec.column);
      else views.ranges.set(spec.column, span.map((v) => Number(v.toPrecision(6)))); // as the address tells it
      page.refilter();
    });
    return [planner.el("p", { class: "planner-charttitle" }, speech.pick(spec.head)), chart];
  }

  // value up, cost down, by year, and the sum so far as a line
  function cashFlow(page) {
    const { speech, config } = page, flow = config.charts.flow;
    if (!flow.length) return null;
    let sum = 0;
    const sums = flow.map((row) => (sum += row.benefit - row.cost));
    const top = Math.max(...flow.map((row) => row.benefit), ...sums, 1), bottom = Math.min(...flow.map((row) => -row.cost), ...sums, 0);
    const height = 110, y = (v) => 6 + ((top - v) / (top - bottom)) * (height - 12), width = WIDTH / flow.length, middle = (i) => (i + 0.5) * width;
    const bar = (i, v, colour) => svg("rect", { x: middle(i) - width * 0.32, y: Math.min(y(v), y(0)), width: width * 0.64, height: Math.max(0.5, Math.abs(y(v) - y(0))), fill: colour });
    const every = Math.ceil(flow.length / 8);
    const chart = svg("svg", { viewBox: "0 0 " + WIDTH + " " + (height + 16), role: "img", class: "planner-chart", "aria-label": speech.t("chart_money") },
      flow.map((row, i) => svg("g", {}, svg("title", {}, row.year + ": +" + speech.yuan(row.benefit) + ", −" + speech.yuan(row.cost) + ", Σ " + speech.yuan(sums[i])), bar(i, row.benefit, "#6DBE73"), bar(i, -row.cost, "#B5373A"))),
      svg("line", { x1: 0, x2: WIDTH, y1: y(0), y2: y(0), class: "planner-axis" }),
      svg("polyline", { points: sums.map((v, i) => middle(i) + "," + y(v)).join(" "), class: "planner-line" }),
      flow.map((row, i) => (i % every ? null : text(middle(i), height + 13, String(row.year), "middle"))));
    return [planner.el("p", { class: "planner-charttitle" }, speech.t("chart_money") + speech.t("colon") + speech.t("chart_money_note", { sum: speech.yuan(sum) })), chart];
  }

  // level over storage of the lake that the slider moves, its normal level marked; a click sets the water level there
  function storageCurve(page) {
    const { speech, parts } = page, lake = parts.water && parts.water.lake();
    if (!lake) return null;
    const { level, storage } = lake.curve, height = 90, top = storage[storage.length - 1] || 1, z0 = level[0], z1 = level[level.length - 1];
    const x = (v) => (v / top) * (WIDTH - 40) + 34, y = (z) => 6 + ((z1 - z) / (z1 - z0 || 1)) * (height - 12);
    const step = round(z1 - z0), ticks = [];
    for (let z = Math.ceil(z0 / step) * step; z <= z1; z += step) ticks.push(text(28, y(z) + 4, speech.number(z, step < 1 ? 1 : 0), "end"));
    const chart = svg("svg", { viewBox: "0 0 " + WIDTH + " " + (height + 16), role: "img", class: "planner-chart planner-click", "aria-label": speech.t("chart_storage") },
      svg("line", { x1: 34, x2: 34, y1: 0, y2: height, class: "planner-axis" }), ticks,
      svg("polyline", { points: level.map((z, i) => x(storage[i]) + "," + y(z)).join(" "), class: "planner-line" }),
      svg("circle", { cx: x(planner.readCurve(lake.curve, lake.level).storage), cy: y(lake.level), r: 4, class: "planner-dot" }),
      text(x(0), height + 13, "0"), text(WIDTH, height + 13, speech.cubic(top), "end"));
    chart.addEventListener("click", (event) => {
      const box = chart.getBoundingClientRect(), share = ((event.clientY - box.top) / box.height) * (height + 16);
      const z = z1 - ((share - 6) / (height - 12)) * (z1 - z0);
      parts.water.open = true;
      parts.water.setLevel(Number(Math.max(z0, Math.min(z1, z)).toFixed(2)));
    });
    return [planner.el("p", { class: "planner-charttitle" }, speech.t("chart_storage") + " · " + lake.id), chart];
  }

  planner.charts = function (page) {
    const box = planner.el("details", { class: "planner-charts" });
    box.addEventListener("toggle", () => box.update());
    box.update = function () {
      const { speech, config, columns } = page;
      const summary = planner.el("summary", {}, speech.t("charts"));
      if (!box.open) { planner.replace(box, summary); return; } // drawn when looked at
      planner.replace(box, summary, page.columns.target ? areas(page) : [],
        config.charts.histograms.filter((spec) => columns[spec.column]).flatMap((spec) => histogram(page, spec)),
        planner.el("p", { class: "planner-fine" }, speech.t("brush_note")), cashFlow(page) || [], storageCurve(page) || []);
    };
    return box;
  };
})((window.planner = window.planner || {}));
