// The map as one picture with title, legend, figures, scale and north: for a file, for paper, and for the browser's own print.
(function (planner) {
  "use strict";
  const FONT = '"Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "Segoe UI", system-ui, sans-serif';
  const PAPERS = { A4: [297, 210], A3: [420, 297] }; // mm, landscape
  const DPI = 150;

  // where the map stands on a canvas: the shown extent, or all of the plan
  function place(page, box, asked) {
    const { frame, extent } = page.units, whole = asked || page.seen().contains(page.extent()); // no sheet of empty margins
    const project = (latlng) => L.CRS.EPSG3857.project(L.latLng(latlng));
    let west, south, east, north;
    if (whole) {
      [west, south] = [frame.x + extent[0] * frame.step, frame.y + extent[1] * frame.step];
      [east, north] = [frame.x + extent[2] * frame.step, frame.y + extent[3] * frame.step];
      const edge = 0.03 * Math.max(east - west, north - south);
      west -= edge; south -= edge; east += edge; north += edge;
    } else { // the part of the screen's map on which nothing lies
      const bounds = page.seen(), sw = project(bounds.getSouthWest()), ne = project(bounds.getNorthEast());
      [west, south, east, north] = [sw.x, sw.y, ne.x, ne.y];
    }
    const px = Math.min(box.w / (east - west), box.h / (north - south)); // pixels per page metre
    const x0 = box.x + (box.w - px * (east - west)) / 2 - west * px, y0 = box.y + (box.h - px * (north - south)) / 2 + north * px;
    return { px: px, at: (x, y) => [x0 + x * px, y0 - y * px], point: (latlng) => { const p = project(latlng); return [x0 + p.x * px, y0 - p.y * px]; }, x0: x0, y0: y0 };
  }

  function picture(context, page, box, whole, zoomed) {
    const where = place(page, box, whole), { units, state, shown, overlays, config } = page;
    context.save();
    context.beginPath();
    context.rect(box.x, box.y, box.w, box.h);
    context.clip();
    context.fillStyle = "#f4f2ec";
    context.fillRect(box.x, box.y, box.w, box.h);
    const image = (overlay) => {
      const element = overlay && overlay.getElement && overlay.getElement();
      if (!element || !(element.complete && element.naturalWidth)) return;
      raster(context, element, overlay.getBounds(), where);
    };
    if (overlays.hillshade && shown.hillshade) image(overlays.hillshade);
    const at = { a: units.frame.step * where.px, bx: where.x0 - box.x + units.frame.x * where.px, by: where.y0 - box.y - units.frame.y * where.px, width: box.w, height: box.h, ratio: zoomed };
    const edge = divider(page, box, where);
    const half = (left, right, draw) => { context.save(); context.beginPath(); context.rect(left, box.y, right - left, box.h); context.clip(); draw(); context.restore(); };
    const painted = (layer) => {
      const cover = document.createElement("canvas"); // one layer, so that neighbours of one colour show no seam when it is made clear
      cover.width = Math.round(box.w);
      cover.height = Math.round(box.h);
      planner.paintUnits(cover.getContext("2d"), units, layer.paint, at);
      context.globalAlpha = state.opacity;
      context.drawImage(cover, box.x, box.y);
      context.globalAlpha = 1;
    };
    half(box.x, edge, () => painted(page.main));
    if (state.other) half(edge, box.x + box.w, () => painted(page.second));
    if (overlays.homes && shown.homes) homes(context, config.city.homes, where, zoomed);
    if (page.flood && page.flood.shown) {
      const [left, right] = page.parts.divider.flooded(edge, box.x, box.x + box.w);
      half(left, right, () => raster(context, page.flood.canvas, page.flood.overlay.getBounds(), where));
    }
    const ring = (points, colour, width, dash) => {
      context.beginPath();
      points.forEach((latlng, i) => { const [x, y] = where.point(latlng); if (i) context.lineTo(x, y); else context.moveTo(x, y); });
      context.strokeStyle = colour; context.lineWidth = width; context.setLineDash(dash);
      context.stroke();
      context.setLineDash([]);
    };
    const owned = page.parts.divider.owned(edge, box.x, box.x + box.w);
    const rings = { reservoirs: config.outlines, constraints: config.constraints, dykes: config.dykes || [] };
    for (const name in rings) {
      const pen = planner.LINES[name], [from, to] = name === "constraints" ? [box.x, box.x + box.w] : owned;
      if (shown[name] && to > from) half(from, to, () => rings[name].forEach((points) => ring(points, pen.colour, pen.width * zoomed, pen.dash.map((v) => v * zoomed))));
    }
    const flows = overlays.hauls && shown.hauls && owned[1] > owned[0] ? arrows(context, page, where, zoomed) : [];
    let names = [];
    if (overlays.names && shown.names) {
      names = planner.placeNames(overlays.names.known((one) => where.point(one.at)[0] < edge), page.speech, (one) => { const [x, y] = where.point(one.at); return { x: x - box.x, y: y - box.y }; }, where.px, box.w, box.h, zoomed);
      context.translate(box.x, box.y);
      planner.drawNames(context, names);
      context.translate(-box.x, -box.y);
    }
    figures(context, flows, names.map((name) => ({ x: (name.x + box.x) / zoomed, y: (name.y + box.y) / zoomed, w: name.w / zoomed, h: name.h / zoomed })), box, zoomed);
    if (state.other) {
      context.fillStyle = "#fff";
      context.fillRect(edge - 1.5 * zoomed, box.y, 3 * zoomed, box.h);
    }
    context.restore();
    return where;
  }

  function raster(context, element, bounds, where) {
    const [x, y] = where.point(bounds.getNorthWest()), [x1, y1] = where.point(bounds.getSouthEast());
    context.drawImage(element, x, y, x1 - x, y1 - y);
  }

  // the city's homes, coloured by whether a park is within reach, as they are on the screen
  function homes(context, groups, where, zoomed) {
    for (const group of groups) {
      context.beginPath();
      for (const ring of group.rings) {
        ring.forEach((latlng, i) => { const [x, y] = where.point(latlng); if (i) context.lineTo(x, y); else context.moveTo(x, y); });
        context.closePath();
      }
      context.globalAlpha = 0.75;
      context.fillStyle = group.colour;
      context.fill("evenodd");
      context.globalAlpha = 1;
      context.strokeStyle = group.colour; context.lineWidth = 0.8 * zoomed;
      context.stroke();
    }
  }

  // what the colours of the homes say, below the legend; returns where it ends
  function homesKey(context, page, x, y, width, unit) {
    const { config, overlays, shown, speech } = page;
    if (!overlays.homes || !shown.homes) return y;
    y += 28 * unit;
    context.font = "700 " + 11 * unit + "px " + FONT;
    context.fillStyle = "#1d2321";
    context.textAlign = "left";
    context.fillText(speech.t("homes"), x, y);
    for (const [colour, name] of config.city.key) {
      y += 19 * unit;
      context.globalAlpha = 0.75;
      context.fillStyle = colour;
      context.fillRect(x, y - 10 * unit, 18 * unit, 12 * unit);
      context.globalAlpha = 1;
      context.strokeStyle = "#555"; context.lineWidth = 0.6 * unit;
      context.strokeRect(x, y - 10 * unit, 18 * unit, 12 * unit);
      context.font = "400 " + 11 * unit + "px " + FONT;
      context.fillStyle = "#1d2321";
      context.textAlign = "left";
      wrapped(context, speech.pick(name), width - 25 * unit).forEach((line, k) => { if (k) y += 14 * unit; context.fillText(line, x + 25 * unit, y); });
    }
    return y;
  }

  // where the divider stands between the two views that are compared; the right edge where none are
  function divider(page, box, where) {
    if (!page.state.other) return box.x + box.w;
    const at = page.map.containerPointToLatLng([page.parts.divider.share * page.map.getSize().x, 0]);
    return Math.max(box.x, Math.min(box.x + box.w, where.point(at)[0]));
  }

  function arrows(context, page, where, zoomed) {
    const { config, speech } = page, largest = Math.max(...config.hauls.map((one) => one.volume));
    const flows = config.hauls.map((flow) => {
      const [p, q] = [flow.from, flow.to].map((at) => { const [x, y] = where.point(at); return { x: x / zoomed, y: y / zoomed }; });
      return { p: p, q: q, share: flow.volume / largest, text: speech.cubic(flow.volume) };
    });
    for (const { p, q, share } of flows) {
      context.beginPath();
      planner.arrowShape(p, q, share).forEach((point, i) => (i ? context.lineTo(point.x * zoomed, point.y * zoomed) : context.moveTo(point.x * zoomed, point.y * zoomed)));
      context.closePath();
      context.fillStyle = planner.LINES.hauls.colour; context.strokeStyle = "#fff"; context.lineWidth = zoomed;
      context.globalAlpha = 0.85;
      context.fill();
      context.globalAlpha = 1;
      context.stroke();
    }
    return flows;
  }

  // the m³ of the arrows
  function figures(context, flows, taken, box, zoomed) {
    context.font = "600 " + 11 * zoomed + "px " + FONT;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (const one of planner.haulFigures(flows, taken, [box.x, box.y, box.x + box.w, box.y + box.h].map((v) => v / zoomed))) {
      context.fillStyle = "rgba(255,250,240,0.85)";
      context.fillRect((one.x - one.w / 2) * zoomed, (one.y - one.h / 2) * zoomed, one.w * zoomed, one.h * zoomed);
      context.fillStyle = planner.LINES.hauls.colour;
      context.fillText(one.text, one.x * zoomed, one.y * zoomed);
    }
    context.textBaseline = "alphabetic";
  }

  // what the lines over the units mean, below the legend; returns where it ends
  function linesKey(context, page, x, y, width, unit) {
    const found = page.lines();
    if (found.length) y += 8 * unit;
    for (const line of found) {
      y += 18 * unit;
      context.beginPath();
      context.moveTo(x, y - 4 * unit);
      context.lineTo(x + 20 * unit, y - 4 * unit);
      context.strokeStyle = line.colour; context.lineWidth = line.width * unit; context.setLineDash(line.dash.map((v) => v * unit));
      context.stroke();
      context.setLineDash([]);
      context.font = "400 " + 11 * unit + "px " + FONT;
      context.fillStyle = "#1d2321";
      context.textAlign = "left";
      wrapped(context, line.name, width - 25 * unit).forEach((text, k) => { if (k) y += 14 * unit; context.fillText(text, x + 25 * unit, y); });
    }
    return y;
  }

  // what the blues of the water mean, where it is drawn; returns where it ends
  function depthKey(context, page, x, y, width, unit) {
    if (!page.flood || !page.flood.shown) return y;
    const marks = planner.depthMarks(page.speech), blend = context.createLinearGradient(x, 0, x + width, 0);
    marks.forEach((mark, i) => blend.addColorStop(i / (marks.length - 1), mark.colour));
    context.font = "400 " + 11 * unit + "px " + FONT;
    context.textAlign = "left";
    context.fillStyle = "#1d2321";
    y += 26 * unit;
    context.fillText(page.speech.t("depth_key"), x, y);
    y += 5 * unit;
    context.fillStyle = blend;
    context.fillRect(x, y, width, 10 * unit);
    y += 22 * unit;
    context.fillStyle = "#5a625f";
    marks.forEach((mark, i) => { context.textAlign = i === 0 ? "left" : i === marks.length - 1 ? "right" : "center"; context.fillText(mark.text, x + (i / (marks.length - 1)) * width, y); });
    return y;
  }

  function wrapped(context, text, width) {
    const lines = [];
    let line = "";
    for (const piece of text.match(/[\u2e80-\uffef]|[^\s\u2e80-\uffef]+\s*|\s+/g) || []) {
      if (line && context.measureText(line + piece.trimEnd()).width > width) { lines.push(line.trimEnd()); line = piece; } else line += piece;
    }
    return line.trim() ? [...lines, line.trimEnd()] : lines;
  }

  // the legend with its figures, down a column; returns where it ends
  function legend(context, page, key, x, y, width, unit) {
    const { speech, views, state } = page, spec = views.byKey.get(key), sums = views.sums(spec.key, page.visible);
    const text = (words, at, size, weight, colour, align) => {
      context.font = weight + " " + size * unit + "px " + FONT;
      context.fillStyle = colour || "#1d2321";
      context.textAlign = align || "left";
      context.textBaseline = "alphabetic";
      context.fillText(words, at, y);
    };
    y += 15 * unit;
    text(speech.pick(spec.label), x, 13, "700");
    const rows = spec.classes.map((entry, i) => i).filter((i) => page.present(spec.key)[i] && !views.hidden.get(spec.key).has(i));
    for (const i of rows) {
      const entry = spec.classes[i];
      context.font = "400 " + 11 * unit + "px " + FONT;
      const lines = wrapped(context, speech.pick(entry.label), width - 130 * unit);
      y += 19 * unit;
      context.globalAlpha = state.opacity;
      context.fillStyle = entry.colours[state.palette];
      context.fillRect(x, y - 10 * unit, 18 * unit, 12 * unit);
      context.globalAlpha = 1;
      context.strokeStyle = "#555"; context.lineWidth = 0.6 * unit;
      context.strokeRect(x, y - 10 * unit, 18 * unit, 12 * unit);
      text(speech.area(sums.rows[i].area_mu), x + width, 11, "400", null, "right");
      lines.forEach((line, k) => { if (k) y += 14 * unit; text(line, x + 25 * unit, 11, "400"); });
    }
    y += 8 * unit;
    context.fillStyle = "#8d9793";
    context.fillRect(x, y, width, unit);
    y += 16 * unit;
    text(speech.t("total"), x, 11, "700");
    text(speech.area(sums.total.area_mu), x + width, 11, "700", null, "right");
    const amounts = [["storage_m3", "storage", "cubic"], ["cut_m3", "cut", "cubic"], ["fill_m3", "fill", "cubic"], ["cost_cny", "cost", "yuan"], ["benefit_cny", "benefit", "yuan"]];
    for (const [column, word, how] of amounts) {
      if (!(column in spec.amounts) || !(sums.total[column] > 0)) continue;
      y += 16 * unit;
      text(speech.t(word), x, 11, "400", "#5a625f");
      text(speech[how](sums.total[column]), x + width, 11, "400", null, "right");
    }
    return y;
  }

  function scaleBar(context, where, page, x, y, unit) {
    const lat = (page.map.getCenter().lat * Math.PI) / 180, perMetre = where.px / Math.cos(lat); // pixels per metre on the ground
    const rough = (110 * unit) / perMetre, step = Math.pow(10, Math.floor(Math.log10(rough)));
    const length = [5, 2, 1].map((k) => k * step).find((v) => v <= rough) || step;
    context.fillStyle = "#1d2321";
    context.fillRect(x, y, length * perMetre, 3 * unit);
    context.font = "400 " + 11 * unit + "px " + FONT;
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    context.fillText(length >= 1000 ? length / 1000 + " km" : length + " m", x, y - 4 * unit);
    const nx = x + 165 * unit, ny = y - 24 * unit;
    for (const [points, colour] of [[[[0, 0], [7, 26], [0, 20]], "#222"], [[[0, 0], [-7, 26], [0, 20]], "#fff"]]) {
      context.beginPath();
      points.forEach(([a, b], i) => (i ? context.lineTo(nx + a * unit, ny + b * unit) : context.moveTo(nx, ny)));
      context.closePath();
      context.fillStyle = colour; context.strokeStyle = "#222"; context.lineWidth = unit;
      context.fill();
      context.stroke();
    }
    context.fillStyle = "#1d2321";
    context.textAlign = "center";
    context.fillText(page.speech.t("north_letter"), nx, ny - 4 * unit);
  }

  // every text that is written on a picture, where it stands
  function listened(context) {
    const told = [], write = context.fillText.bind(context);
    context.fillText = (text, x, y) => {
      const at = context.getTransform().transformPoint({ x: x, y: y });
      told.push({ text: text, x: at.x, y: at.y, size: parseFloat(context.font.match(/([\d.]+)px/)[1]), anchor: { right: "end", center: "middle" }[context.textAlign] || "start" });
      write(text, x, y);
    };
    return told;
  }

  // the same texts as text over the picture, unseen: for readers aloud and for programs that take the words of the printed page
  function textLayer(canvas) {
    const svg = (name, given, text) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const key of Object.keys(given)) element.setAttribute(key, given[key]);
      if (text) element.textContent = text;
      return element;
    };
    const layer = svg("svg", { viewBox: "0 0 " + canvas.width + " " + canvas.height, class: "planner-sheet-text" });
    for (const one of canvas.told) layer.append(svg("text", { x: one.x, y: one.y, "font-size": one.size, "text-anchor": one.anchor }, one.text));
    return layer;
  }

  // what holds of what is drawn and is no part of the plan itself: filters, the year, the water's level, what is compared
  function conditions(page) {
    const { speech, state, config, views, parts } = page, lines = [], name = (key) => speech.pick(views.byKey.get(key).label);
    const filters = page.filters().map((one) => one.text), water = page.flood && page.flood.shown ? parts.water.told() : [];
    if (state.other) lines.push("◀ " + name(state.view) + " | " + name(state.other) + " ▶");
    if (filters.length) lines.push(speech.t("filter") + speech.t("colon") + filters.join("; "));
    if (config.years && state.year < config.years[1]) lines.push(speech.t("year_ready", { year: state.year, area: speech.area(page.readyArea()) }));
    if (water.length) lines.push(speech.t("water_levels") + speech.t("colon") + water.join("; "));
    return lines;
  }

  // The sheet on a canvas. paper: A4 or A3 landscape; whole: all of the plan, else what the screen shows.
  planner.sheet = function (page, paper, whole) {
    const [mmW, mmH] = PAPERS[paper], px = DPI / 25.4, { speech, config } = page, site = config.site;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(mmW * px);
    canvas.height = Math.round(mmH * px);
    canvas.className = "planner-sheet";
    const context = canvas.getContext("2d"), unit = canvas.width / 1120, edge = 28 * unit, side = 290 * unit;
    canvas.told = listened(context);
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.textBaseline = "alphabetic";
    let y = edge + 16 * unit;
    const say = (text, size, weight, colour) => {
      context.font = weight + " " + size * unit + "px " + FONT;
      context.fillStyle = colour;
      for (const line of wrapped(context, text, canvas.width - 2 * edge)) { context.fillText(line, edge, y); y += size * 1.35 * unit; }
    };
    say(speech.pick([site.name_en || site.name, site.name]).slice(0, 200), 20, "700", "#1d2321");
    const view = page.views.byKey.get(page.state.view);
    if (view.own || view.today) {
      if (site.verdict) say(speech.pick(site.verdict), 12, "600", "#1d2321");
      if (site.subtitle) say(speech.pick(site.subtitle), 11, "400", "#5a625f");
    } else say(speech.pick(view.label) + (view.note ? speech.t("colon") + speech.pick(view.note) : ""), 12, "600", "#1d2321"); // another plan: what is said of this one is not of it
    if (site.kind === "reconstruction") say(speech.t("reconstruction"), 11, "700", "#7a2e0b");
    for (const line of conditions(page)) say(line, 11, "600", "#14506b");
    const box = { x: edge, y: y, w: canvas.width - 2 * edge - side - 16 * unit, h: canvas.height - y - edge };
    const where = picture(context, page, box, whole, unit * 1.05);
    context.strokeStyle = "#8d9793"; context.lineWidth = unit;
    context.strokeRect(box.x, box.y, box.w, box.h);
    const x = box.x + box.w + 16 * unit;
    let end = legend(context, page, page.state.view, x, box.y, side, unit);
    if (page.state.other) end = legend(context, page, page.state.other, x, end + 10 * unit, side, unit);
    for (const key of [linesKey, depthKey, homesKey]) end = key(context, page, x, end, side, unit);
    scaleBar(context, where, page, x, canvas.height - edge - 44 * unit, unit);
    context.font = "400 " + 10 * unit + "px " + FONT;
    context.fillStyle = "#5a625f";
    context.textAlign = "left";
    const foot = [...(config.area ? [] : [speech.t("approval") + " " + (site.approval || speech.t("approval_none"))]), config.place.crs];
    foot.forEach((line, i) => context.fillText(line, x, canvas.height - edge - (14 - 13 * i) * unit));
    return canvas;
  };

  function save(name, blob) {
    const link = planner.el("a", { download: name, href: URL.createObjectURL(blob) });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  // the units that pass the filter, as a table that spreadsheets open
  planner.csv = function (page) {
    const { columns, texts, config, speech, visible } = page;
    const facts = config.facts.filter((fact) => columns[fact.column]);
    const cell = (value) => { const text = String(value); return /[",\n\r]/.test(text) || /^[=+@\t\r-]/.test(text) ? '"' + (/^[=+@\t\r-]/.test(text) && isNaN(Number(text)) ? "'" : "") + text.replaceAll('"', '""') + '"' : text; };
    const view = page.views.byKey.get(page.state.view), classes = page.views.classes(view.key);
    const other = view.kind === "words" && view.column !== "target" && columns.target; // e.g. the target that an alternative gives
    const head = [speech.t("unit"), speech.t("parcel"), speech.t("target"), speech.t("treatment"), ...(other ? [speech.pick(view.label)] : []), ...facts.map((fact) => speech.pick(fact.head))];
    const rows = [head.map(cell).join(",")];
    for (let u = 0; u < texts.ids.length; u++) {
      if (!visible[u]) continue;
      const row = [texts.ids[u], planner.textAt(page, "parcel_id", u), planner.labelOf(page, "targets", planner.textAt(page, "target", u)), planner.labelOf(page, "treatments", planner.textAt(page, "treatment", u))];
      if (other) row.push(speech.pick(view.classes[classes[u]].label));
      for (const fact of facts) { const value = columns[fact.column].at(u); row.push(isNaN(value) ? "" : value); }
      rows.push(row.map(cell).join(","));
    }
    return "\ufeff" + rows.join("\r\n") + "\r\n";
  };

  planner.shareButtons = function (page) {
    const el = planner.el, { speech } = page;
    const name = (kind) => (page.config.site.name_en || page.config.site.name || "plan").replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60).replace(/^-|-$/g, "") + "-" + page.state.view + "." + kind;
    const told = el("output", { class: "planner-fine" });
    const button = (word, id, act) => el("button", { type: "button", id: "planner-" + id, onclick: act }, speech.t(word));
    return el("div", { class: "planner-buttons" },
      button("copy_link", "link", async () => { page.writeAddress(); await planner.copyText(location.href); told.textContent = speech.t("copied"); }),
      button("save_png", "png", () => planner.sheet(page, "A4", false).toBlob((blob) => save(name("png"), blob))),
      button("print_a4", "print-a4", () => planner.print(page, "A4")),
      button("print_a3", "print-a3", () => planner.print(page, "A3")),
      button("save_csv", "csv", () => save(name("csv"), new Blob([planner.csv(page)], { type: "text/csv" }))),
      told);
  };

  planner.print = function (page, paper) {
    page.paper = paper;
    window.print();
  };

  // whichever way printing is asked for, what goes to paper is the sheet
  planner.printing = function (page) {
    const clear = () => page.root.querySelectorAll(".planner-paper").forEach((old) => old.remove());
    const make = () => {
      clear();
      const paper = page.paper || "A4";
      const sheet = planner.sheet(page, paper, false);
      sheet.classList.add("planner-sheet-" + paper);
      page.root.append(planner.el("figure", { class: "planner-paper" }, sheet, textLayer(sheet)));
    };
    window.addEventListener("beforeprint", make);
    window.addEventListener("afterprint", () => { page.paper = ""; clear(); });
    // some programs print with no such event: they only ask for the page as it is on paper
    window.matchMedia("print").addEventListener("change", (media) => {
      if (!media.matches) clear();
      else if (!page.root.querySelector(".planner-paper")) make();
    });
  };
})((window.planner = window.planner || {}));
