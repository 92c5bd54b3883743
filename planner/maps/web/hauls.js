// Who digs for whom: arrows from cut to fill, as wide as the volume asks.
(function (planner) {
  "use strict";

  planner.Hauls = L.Layer.extend({
    // arrows: [{from: [lat, lng], to: [lat, lng], volume}]
    initialize: function (arrows, options) {
      L.Util.setOptions(this, options);
      this.arrows = arrows;
      this.largest = arrows.reduce((top, a) => Math.max(top, a.volume), 1);
    },
    onAdd: function (map) {
      this._group = L.featureGroup([], { pane: "planner-hauls" }).addTo(map);
      map.on("zoomend", this._draw, this);
      this._draw();
    },
    onRemove: function (map) {
      map.off("zoomend", this._draw, this);
      this._group.remove();
    },
    _draw: function () {
      const map = this._map;
      this._group.clearLayers();
      for (const arrow of this.arrows) {
        const p = map.latLngToLayerPoint(arrow.from), q = map.latLngToLayerPoint(arrow.to);
        const width = 1.5 + 5 * Math.sqrt(arrow.volume / this.largest);
        const outline = shape(p, q, width);
        if (!outline) continue;
        const back = (point) => map.layerPointToLatLng(point);
        L.polygon(outline.map(back), { pane: "planner-hauls", interactive: false, stroke: true, color: "#fff", weight: 1, fillColor: "#3b2a14", fillOpacity: 0.85 }).addTo(this._group);
      }
    },
  });

  function shape(p, q, width) {
    const length = p.distanceTo(q);
    if (length < 8) return null;
    const ux = (q.x - p.x) / length, uy = (q.y - p.y) / length;
    const head = Math.min(length * 0.6, 7 + width * 1.6), half = width / 2, wing = half + 4;
    const at = (along, across) => L.point(p.x + ux * along - uy * across, p.y + uy * along + ux * across);
    return [at(0, half * 0.4), at(length - head, half), at(length - head, wing), at(length, 0), at(length - head, -wing), at(length - head, -half), at(0, -half * 0.4)];
  }
})((window.planner = window.planner || {}));
