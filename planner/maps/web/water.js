// The lake at a level: cells the water has reached, and storage and area read from the exact curve.
(function (planner) {
  "use strict";

  // The curve between its rows: area by a straight line, storage by that line's integral, scaled to end on the next row.
  planner.readCurve = function (curve, level) {
    const { level: z, area, storage } = curve, n = z.length;
    if (!n) return { area: NaN, storage: NaN };
    if (level <= z[0]) return { area: level < z[0] ? 0 : area[0], storage: storage[0] };
    if (level >= z[n - 1]) return { area: area[n - 1], storage: storage[n - 1], beyond: level > z[n - 1] };
    let low = 0, high = n - 1;
    while (high - low > 1) {
      const mid = (low + high) >> 1;
      if (z[mid] <= level) low = mid;
      else high = mid;
    }
    const t = (level - z[low]) / (z[high] - z[low]);
    const rise = area[high] - area[low];
    const whole = area[low] + rise / 2;
    const part = whole > 0 ? (area[low] * t + (rise * t * t) / 2) / whole : t;
    return { area: area[low] + t * rise, storage: storage[low] + part * (storage[high] - storage[low]) };
  };

  class Flood {
    // raster: {rows, cols, bounds [[s, w], [n, e]]}; columns bed, reach (m) and lake (which reservoir reaches the cell first)
    constructor(map, raster, columns) {
      this.raster = raster;
      this.columns = columns;
      this.canvas = document.createElement("canvas");
      this.canvas.width = raster.cols;
      this.canvas.height = raster.rows;
      this.canvas.setAttribute("aria-hidden", "true");
      this.overlay = L.imageOverlay(this.canvas.toDataURL(), raster.bounds, { pane: "planner-water", opacity: 0.85, alt: "" });
      this.map = map;
    }

    // draws every lake at its level (NaN leaves one out); returns the wet cells per lake
    draw(levels) {
      const n = this.raster.rows * this.raster.cols;
      const { bed, reach, lake } = this.columns;
      const context = this.canvas.getContext("2d");
      const image = context.createImageData(this.raster.cols, this.raster.rows);
      const wet = levels.map(() => 0);
      for (let i = 0; i < n; i++) {
        const k = lake.values[i];
        if (k < 0 || !(reach.at(i) <= levels[k])) continue;
        wet[k] += 1;
        const depth = Math.min(1, Math.max(0, (levels[k] - bed.at(i)) / 6));
        image.data.set([120 - 105 * depth, 178 - 115 * depth, 224 - 84 * depth, 255], 4 * i);
      }
      context.putImageData(image, 0, 0);
      this.overlay.setUrl(this.canvas.toDataURL());
      this.overlay.addTo(this.map);
      return wet;
    }

    hide() {
      this.overlay.remove();
    }
  }

  planner.waterPanel = function (page, flood) {
    const el = planner.el, lakes = page.config.reservoirs;
    const box = el("details", { class: "planner-water" });
    const levels = lakes.map((lake) => lake.level);
    let current = 0;

    box.addEventListener("toggle", () => { if (box.open) draw(); else if (flood) flood.hide(); });

    function draw() {
      if (flood) flood.draw(levels);
    }

    function reading() {
      const lake = lakes[current], speech = page.speech;
      const at = planner.readCurve(lake.curve, levels[current]);
      return [speech.t("level") + " " + speech.number(levels[current], 2) + " m",
        speech.t("storage") + " " + speech.cubic(at.storage),
        speech.t("water_area") + " " + speech.area(at.area)].join(" · ") + (at.beyond ? " · " + speech.t("beyond_curve") : "");
    }

    box.setLevel = function (level) {
      levels[current] = level;
      const out = box.querySelector("output");
      if (out) out.textContent = reading();
      const slider = box.querySelector("input[type=range]");
      if (slider && Number(slider.value) !== level) slider.value = level;
      if (box.open) draw();
    };

    box.update = function () {
      const speech = page.speech, lake = lakes[current];
      const z = lake.curve.level;
      const slider = el("input", {
        type: "range", id: "planner-level", min: z[0], max: z[z.length - 1], step: 0.01, value: levels[current],
        "aria-label": speech.t("level"), oninput: (event) => box.setLevel(Number(event.target.value)),
      });
      planner.replace(box,
        el("summary", {}, speech.t("water_levels")),
        lakes.length > 1
          ? el("select", { "aria-label": speech.t("reservoir"), onchange: (event) => { current = Number(event.target.value); box.update(); } },
              lakes.map((one, i) => el("option", { value: i, selected: i === current }, one.id + " · " + speech.cubic(one.storage))))
          : null,
        slider,
        el("output", { for: "planner-level", "aria-live": "polite" }, reading()),
        el("p", { class: "planner-fine" }, speech.t("normal_level") + " " + speech.number(lake.level, 2) + " m · " + speech.t("size_" + lake.size) + ". " + speech.t("water_note")),
        el("button", { type: "button", onclick: () => { levels[current] = lake.level; box.update(); if (box.open) draw(); } }, speech.t("back_to_normal")));
    };
    return box;
  };

  planner.Flood = Flood;
})((window.planner = window.planner || {}));
