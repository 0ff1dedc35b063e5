// needs: heatmap_parts.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  const TOP_PX = 12;
  /** The page's own marks: the host's style sheet must not reach in. */
  const STYLE =
    "all: initial; position: fixed; z-index: 19; box-sizing: border-box; cursor: pointer; " +
    "padding: 5px 10px; border-radius: 4px; white-space: nowrap; overflow: hidden; " +
    "text-overflow: ellipsis; font-size: 12px; line-height: 16px; text-align: center";
  const MARK_STYLE = "padding: 0 2px 0 10px; font-size: 14px; opacity: 0.7";
  /** What the host's page must not hear of a click on the line: it is not one on its chart. */
  const KEPT_EVENTS = [
    "click", "dblclick", "mousedown", "mouseup", "pointerdown", "pointerup", "touchstart", "touchend",
  ];

  /**
   * One line on the chart that offers other heat where there is none to see; a click on it tells
   * Python. It is an element above the chart: only the line itself takes clicks, whatever else is
   * clicked goes to the chart as ever. Closed by its mark, it stays away from this chart.
   */
  class Offer {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      this._isVisible = false;
      /** @type {{words: string, heat: string} | null} what Python shows where there is no grid */
      this._told = null;
      /** @type {any} the line's element, while there is an offer */
      this._line = null;
      this._style = "";
      this._isClosed = false;
    }

    destroy() {
      this._remove();
    }

    clear() {
      this._told = null;
      this._remove();
    }

    /** @param {{words: string, heat: string}} offer in place of the one before */
    take(offer) {
      this._told = offer;
      this.look();
    }

    /** @returns {{words: string, heat: string} | null} the grid's own where there is one */
    _offered() {
      const { grid } = this._surface.picture;
      const host = this._surface.legendHost();
      if (host !== null && host.tellsState === true) {
        // The page says what is the matter, and offers what can be done.
        return null;
      }
      return grid === null ? this._told : grid.offer;
    }

    /** @param {{visible: boolean}} options */
    changed(options) {
      this._isVisible = options.visible;
      this.look();
    }

    /** Stand where the pane is now; called after each frame. */
    look() {
      const offer = this._isVisible && !this._isClosed ? this._offered() : null;
      const edges = offer === null ? null : this._paneEdges();
      if (offer === null || edges === null) {
        this._remove();
        return;
      }
      const line = this._line === null ? this._make() : this._line;
      if (line.firstChild.textContent !== offer.words) {
        line.firstChild.textContent = offer.words;
      }
      const { colour, ink } = this._surface.ground.at(TOP_PX, edges.height);
      const { fontFamily } = this._surface.chart.options().layout;
      const style = [
        STYLE,
        "left: " + (edges.left + edges.width / 2) + "px",
        "top: " + (edges.top + TOP_PX) + "px",
        "max-width: " + Math.max(0, edges.width - 2 * TOP_PX) + "px",
        "transform: translateX(-50%)",
        "font-family: " + fontFamily,
        "color: " + ink,
        "background: " + colour,
        "border: 1px solid color-mix(in srgb, " + ink + " 45%, transparent)",
      ].join("; ");
      if (style !== this._style) {
        this._style = style;
        line.style.cssText = style.split(";").map((one) => one + " !important").join(";");
        this._correct(line, edges);
      }
    }

    /** An ancestor with a transform takes a fixed element along. */
    _correct(line, edges) {
      const box = line.getBoundingClientRect();
      const dx = edges.left + edges.width / 2 - (box.left + box.width / 2);
      const dy = edges.top + TOP_PX - box.top;
      if (Math.abs(dx) > 1 || Math.abs(dy) > 1) {
        const left = edges.left + edges.width / 2 + dx;
        line.style.setProperty("left", left + "px", "important");
        line.style.setProperty("top", edges.top + TOP_PX + dy + "px", "important");
      }
    }

    /** @returns {DOMRect | null} of the candles' pane; null where it is not on the page */
    _paneEdges() {
      const { candles } = this._surface;
      if (heatmap.series.paneIndexOf(candles) === null) {
        return null;
      }
      const row = candles.getPane().getHTMLElement();
      const pane = row === null || row === undefined ? null : row.children[1];
      return pane ? pane.getBoundingClientRect() : null;
    }

    /** @returns {any} the line's element, on the page */
    _make() {
      const line = document.createElement("div");
      line.setAttribute("role", "button");
      line.append(document.createElement("span"), this._makeMark());
      line.addEventListener("click", () => this._surface.guard(() => this._take()));
      for (const name of KEPT_EVENTS) {
        line.addEventListener(name, (event) => event.stopPropagation());
      }
      this._surface.chart.chartElement().appendChild(line);
      this._line = line;
      this._style = "";
      return line;
    }

    /** @returns {any} the mark that closes the line */
    _makeMark() {
      const mark = document.createElement("span");
      mark.setAttribute("data-close", "");
      mark.style.cssText = MARK_STYLE;
      mark.textContent = "\u00d7";
      mark.addEventListener("click", (event) => {
        event.stopPropagation();
        this._isClosed = true;
        this._remove();
      });
      return mark;
    }

    _take() {
      const offer = this._offered();
      if (offer !== null) {
        this._surface.choose(offer.heat);
      }
    }

    _remove() {
      if (this._line !== null) {
        this._line.remove();
        this._line = null;
      }
    }
  }

  heatmap.parts.register({
    name: "offer",
    order: 85,
    options: ["visible"],
    make: (/** @type {Surface} */ surface) => new Offer(surface),
  });
})(this);
