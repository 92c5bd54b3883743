// Who digs for whom: arrows from zone to zone that hold all of the earth, as wide as the volume asks, with its m³.
(function (planner) {
  "use strict";

  const SHORT_PX = 14; // flows that end this close to where they begin are drawn as a disc
  const ALONG = [0.5, 0.35, 0.65, 0.2, 0.8, 0, 1], STEP_PX = 8; // where along an arrow its m³ may stand; how densely arrows are probed
  const LETTER_PX = 6.5, WIDE_PX = 11, HEIGHT_PX = 16;

  // Where the m³ of flows stand: beside their arrow, on no name and no other figure, and on no arrow where there is room. flows:
  // [{p, q, share, text}] in pixels; taken: boxes {x, y, w, h} of names; room: [left, top, right, bottom] that a figure stands
  // in whole. Returns [{text, x, y, w, h}].
  planner.haulFigures = function (flows, taken, room = [-Infinity, -Infinity, Infinity, Infinity]) {
    const boxes = [...taken], placed = [];
    const probes = flows.map(({ p, q }) => {
      const n = Math.max(1, Math.ceil(Math.hypot(q.x - p.x, q.y - p.y) / STEP_PX));
      return Array.from({ length: n + 1 }, (_, i) => ({ x: p.x + (i / n) * (q.x - p.x), y: p.y + (i / n) * (q.y - p.y), w: 6, h: 6 }));
    });
    const clear = (one, others) => others.every((o) => 2 * Math.abs(o.x - one.x) >= o.w + one.w || 2 * Math.abs(o.y - one.y) >= o.h + one.h);
    const whole = (one) => one.x - one.w / 2 >= room[0] && one.x + one.w / 2 <= room[2] && one.y - one.h / 2 >= room[1] && one.y + one.h / 2 <= room[3];
    flows.forEach((flow, k) => {
      const { p, q, text } = flow, w = 6 + [...text].reduce((sum, c) => sum + (c > "\u2e80" ? WIDE_PX : LETTER_PX), 0), h = HEIGHT_PX;
      const length = Math.hypot(q.x - p.x, q.y - p.y) || 1, nx = -(q.y - p.y) / length, ny = (q.x - p.x) / length;
      const off = (w / 2) * Math.abs(nx) + (h / 2) * Math.abs(ny) + (length < SHORT_PX ? 12 : 9 + 4 * Math.sqrt(flow.share));
      const beside = ALONG.flatMap((t) => [1, -1].map((side) => ({ x: p.x + t * (q.x - p.x) + side * off * nx, y: p.y + t * (q.y - p.y) + side * off * ny, w: w, h: h })));
      const rest = probes.filter((_, i) => i !== k).flat(), able = beside.filter((one) => whole(one) && clear(one, boxes) && clear(one, probes[k]));
      const at = able.find((one) => clear(one, rest)) || able[0];
      if (!at) return;
      boxes.push(at);
      placed.push({ ...at, text: text });
    });
    return placed;
  };

  planner.Hauls = L.Layer.extend({
    // arrows: [{from: [lat, lng], to: [lat, lng], volume, hauls}]
    initialize: function (arrows, page) {
      this.arrows = arrows;
      this.page = page;
      this.largest = arrows.reduce((top, a) => Math.max(top, a.volume), 1);
    },
    onAdd: function (map) {
      this._group = L.featureGroup([], { pane: "planner-hauls" }).addTo(map);
      this._texts = planner.el("div", { class: "planner-names", "aria-hidden": "true" });
      map.getPane("planner-hauls").append(this._texts);
      map.on("moveend zoomend", this.update, this);
      this.update();
    },
    onRemove: function (map) {
      map.off("moveend zoomend", this.update, this);
      this._group.remove();
      this._texts.remove();
    },
    update: function () {
      const map = this._map;
      if (!map) return;
      const speech = this.page.speech, names = this.page.shown.names && this.page.overlays.names;
      const taken = (names ? names.placed : []).map((name) => ({ ...map.containerPointToLayerPoint([name.x, name.y]), w: name.w, h: name.h }));
      this._group.clearLayers();
      this._texts.replaceChildren();
      const low = map.containerPointToLayerPoint([0, 0]), high = map.containerPointToLayerPoint(map.getSize());
      const back = (point) => map.layerPointToLatLng(point);
      const flows = this.arrows.map((arrow) => ({ p: map.latLngToLayerPoint(arrow.from), q: map.latLngToLayerPoint(arrow.to), share: arrow.volume / this.largest, text: speech.cubic(arrow.volume) }));
      for (const flow of flows) L.polygon(planner.arrowShape(flow.p, flow.q, flow.share).map(back), { pane: "planner-hauls", interactive: false, stroke: true, color: "#fff", weight: 1, fillColor: planner.LINES.hauls.colour, fillOpacity: 0.85 }).addTo(this._group);
      for (const one of planner.haulFigures(flows, taken, [low.x, low.y, high.x, high.y])) this._texts.append(planner.el("span", { class: "planner-haul", style: { left: Math.round(one.x) + "px", top: Math.round(one.y) + "px" } }, one.text));
    },
  });

  // the outline of an arrow from p to q in pixels; share: of the largest volume
  planner.arrowShape = function (p, q, share) {
    const width = 1.5 + 8 * Math.sqrt(share);
    const length = Math.hypot(q.x - p.x, q.y - p.y);
    if (length < SHORT_PX) {
      const r = 4 + width / 2;
      return Array.from({ length: 12 }, (_, i) => L.point((p.x + q.x) / 2 + r * Math.cos((i * Math.PI) / 6), (p.y + q.y) / 2 + r * Math.sin((i * Math.PI) / 6)));
    }
    const ux = (q.x - p.x) / length, uy = (q.y - p.y) / length;
    const head = Math.min(length * 0.6, 7 + width * 1.6), half = width / 2, wing = half + 4;
    const at = (along, across) => L.point(p.x + ux * along - uy * across, p.y + uy * along + ux * across);
    return [at(0, half * 0.4), at(length - head, half), at(length - head, wing), at(length, 0), at(length - head, -wing), at(length - head, -half), at(0, -half * 0.4)];
  };
})((window.planner = window.planner || {}));
