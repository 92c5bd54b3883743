// Words and numbers in the page's language, and the few DOM helpers everything else is built with.
(function (planner) {
  "use strict";

  class Speech {
    constructor(words, lang) {
      this.words = words;
      this.lang = lang;
      this.areaUnit = "mu";
    }

    t(key, values) {
      const pair = this.words[key];
      let text = pair ? pair[this.lang === "zh" ? 1 : 0] : key;
      for (const name in values || {}) text = text.split("{" + name + "}").join(values[name]);
      return text;
    }

    // the member of a pair [en, zh], the other one where it is empty
    pick(pair) {
      return this.lang === "zh" ? pair[1] || pair[0] : pair[0] || pair[1];
    }

    number(value, digits) {
      if (!isFinite(value)) return "–";
      const d = digits || 0;
      const clean = Math.abs(value) < 0.5 * Math.pow(10, -d) ? 0 : value;
      return clean.toLocaleString("en-US", { minimumFractionDigits: d, maximumFractionDigits: d });
    }

    area(mu) {
      const hectares = this.areaUnit === "ha";
      const value = hectares ? mu / 15 : mu;
      const digits = Math.abs(value) < 100 ? 2 : Math.abs(value) < 10000 ? 1 : 0;
      return this.number(value, digits) + " " + this.t(hectares ? "unit_ha" : "unit_mu");
    }

    // large amounts in the steps each language counts in: thousand millions, or ten thousands and hundred millions
    amount(value, unit) {
      if (!isFinite(value)) return "–";
      const size = Math.abs(value);
      const steps = this.lang === "zh" ? [[1e8, this.t("step_large"), 2], [1e4, this.t("step_small"), 1]] : [[1e9, unit === "unit_m3" ? " km³" : this.t("step_large"), 2], [1e6, unit === "unit_m3" ? " M" : this.t("step_small"), 2]];
      for (const [step, name, digits] of steps) {
        if (size >= step) return this.number(value / step, digits) + name + (name === " km³" ? "" : this.t(unit));
      }
      return this.number(value, 0) + (this.lang === "zh" ? "" : " ") + this.t(unit);
    }

    metres(value, digits) {
      return this.number(value, digits) + (this.lang === "zh" ? "" : " ") + this.t("unit_m");
    }

    cubic(value) {
      return this.amount(value, "unit_m3");
    }

    yuan(value) {
      return this.amount(value, "unit_yuan");
    }
  }

  planner.Speech = Speech;

  // An element: attributes, then children (texts become text nodes, never markup).
  planner.el = function (tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const name in attributes || {}) {
      const value = attributes[name];
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (name === "style") Object.assign(node.style, value);
      else node.setAttribute(name, value === true ? "" : value);
    }
    for (const child of children.flat()) {
      if (child === null || child === undefined || child === false) continue;
      node.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
    return node;
  };

  planner.replace = function (node, ...children) {
    node.replaceChildren(...children.flat().filter(Boolean));
    return node;
  };
})((window.planner = window.planner || {}));
