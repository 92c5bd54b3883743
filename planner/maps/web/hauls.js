// Who digs for whom: arrows from zone to zone that hold all of the earth, as wide as the volume asks, with its m³.
(function (planner) {
  "use strict";

  const ALONG = [0.5, 0.25, 0.75, 0, 1], BESIDE = [0, -14, 14]; // where its m³ may stand: parts of an arrow, px above and below
  const SHORT_PX = 14; // flows that end this close to where they begin are drawn as a disc

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
      const back = (point) => map.layerPointToLatLng(point);
      for (const arrow of this.arrows) {
        const p = map.latLngToLayerPoint(arrow.from), q = map.latLngToLayerPoint(arrow.to);
        L.polygon(planner.arrowShape(p, q, arrow.volume / this.largest).map(back), { pane: "planner-hauls", interactive: false, stroke: true, color: "#fff", weight: 1, fillColor: "#3b2a14", fillOpacity: 0.85 }).addTo(this._group);
        const text = speech.cubic(arrow.volume), w = 6 + [...text].reduce((sum, c) => sum + (c > "\u2e80" ? 11 : 6.5), 0), h = 16;
        const free = (x, y) => taken.every((o) => 2 * Math.abs(o.x - x) >= o.w + w || 2 * Math.abs(o.y - y) >= o.h + h);
        const at = ALONG.flatMap((t) => BESIDE.map((d) => ({ x: p.x + t * (q.x - p.x), y: p.y + t * (q.y - p.y) + d }))).find((one) => free(one.x, one.y));
        if (!at) continue;
        taken.push({ x: at.x, y: at.y, w: w, h: h });
        this._texts.append(planner.el("span", { class: "planner-haul", style: { left: Math.round(at.x) + "px", top: Math.round(at.y) + "px" } }, text));
      }
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
