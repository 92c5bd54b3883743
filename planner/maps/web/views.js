// Views: which class every unit is in, under which colours, and what the classes add up to.
(function (planner) {
  "use strict";

  const HIDDEN = 255;

  class Views {
    // specs as written by views.py; columns by name; count of units
    constructor(specs, columns, count) {
      this.specs = specs;
      this.columns = columns;
      this.count = count;
      this.byKey = new Map(specs.map((spec) => [spec.key, spec]));
      this.hidden = new Map(specs.map((spec) => [spec.key, new Set()]));
      this.ranges = new Map(); // by column: [low, high] that a chart's brush lets through
      this._classes = new Map();
    }

    classes(key) {
      if (!this._classes.has(key)) this._classes.set(key, this._classify(this.byKey.get(key)));
      return this._classes.get(key);
    }

    _classify(spec) {
      const column = this.columns[spec.column];
      const out = new Uint8Array(this.count);
      const last = spec.classes.length - 1; // the class of what is unknown
      if (spec.kind === "words") {
        const place = new Map(spec.classes.map((c, i) => [c.code, i]));
        for (let u = 0; u < this.count; u++) out[u] = place.has(column.values[u]) ? place.get(column.values[u]) : last;
        return out;
      }
      for (let u = 0; u < this.count; u++) {
        const value = column.at(u);
        if (isNaN(value)) { out[u] = last; continue; }
        let k = 0;
        while (k < spec.breaks.length && value > spec.breaks[k]) k++;
        out[u] = k;
      }
      return out;
    }

    toggle(key, index) {
      const set = this.hidden.get(key);
      if (!set.delete(index)) set.add(index);
    }

    only(key, index) {
      const others = this.byKey.get(key).classes.map((_, i) => i).filter((i) => i !== index);
      this.hidden.set(key, new Set(others));
    }

    showAll() {
      this.hidden.forEach((set) => set.clear());
      this.ranges.clear();
    }

    get filtered() {
      return this.ranges.size > 0 || [...this.hidden.values()].some((set) => set.size > 0);
    }

    // 1 where a unit passes every filter
    visible() {
      const out = new Uint8Array(this.count).fill(1);
      this.hidden.forEach((set, key) => {
        if (!set.size) return;
        const classes = this.classes(key);
        for (let u = 0; u < this.count; u++) if (set.has(classes[u])) out[u] = 0;
      });
      this.ranges.forEach(([low, high], name) => {
        const column = this.columns[name];
        for (let u = 0; u < this.count; u++) {
          const value = column.at(u);
          if (!(value >= low && value <= high)) out[u] = 0;
        }
      });
      return out;
    }

    paint(key, palette, visible, faded) {
      const spec = this.byKey.get(key);
      const classes = this.classes(key);
      const classOf = new Uint8Array(this.count);
      for (let u = 0; u < this.count; u++) classOf[u] = visible[u] ? classes[u] : HIDDEN;
      return { classOf: classOf, colours: spec.classes.map((c) => c.colours[palette]), faded: faded || null };
    }

    // per class and over all: units, area and the view's amounts, of what is visible
    sums(key, visible) {
      const spec = this.byKey.get(key);
      const classes = this.classes(key);
      const names = Object.keys(spec.amounts);
      const blank = () => ({ units: 0, area_mu: 0, ...Object.fromEntries(names.map((n) => [n, 0])) });
      const rows = spec.classes.map(blank);
      const total = blank();
      const area = this.columns.area_mu;
      const amounts = names.map((n) => [n, this.columns[spec.amounts[n]]]).filter((pair) => pair[1]);
      for (let u = 0; u < this.count; u++) {
        if (!visible[u]) continue;
        for (const row of [rows[classes[u]], total]) {
          row.units += 1;
          row.area_mu += area.at(u) || 0;
          for (const [name, column] of amounts) row[name] += column.at(u) || 0;
        }
      }
      return { rows: rows, total: total };
    }
  }

  planner.Views = Views;
})((window.planner = window.planner || {}));
