(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /**
   * What the page's own legend is handed, whenever it changes.
   * @typedef {Object} HostedWords
   * @property {string} key another one for another legend
   * @property {string} title all that there is to say, in lines
   * @property {string} whole what the colours of the heat are @property {string} brief the same
   *   in one word @property {string} per of what price range the USD are; empty: nothing to say
   * @property {HTMLCanvasElement | null} bar its colours, one pixel high; null: there is no scale
   * @property {string[]} labels amounts along it
   * @property {Array<{text: string, colour: string}>} sides longs and shorts; empty: none are drawn
   * @property {string} happened before these: that it has happened, where the heat is what is to
   *   come; empty: nothing to say
   * @property {string} least what they are at least, as an amount; empty: nothing to say
   * @property {string} hatch what the hatch means; empty: none is in sight
   * @property {{of: (fromMs: number, toMs: number) => {longs: string, shorts: string}} | null} sums
   *   what was liquidated in some time, as amounts; null: not known
   */

  /**
   * What a page shows the legend by.
   * @typedef {Object} LegendHost
   * @property {(words: HostedWords | null) => void} show null: there is nothing to say
   * @property {boolean} [tellsState] the page itself says at the moment what keeps heat from being
   *   seen: the layer offers none
   */

  /** Hands the legend over to the page, where that has a place of its own for it. */
  class HostedLegend {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      /** What shows it; null: nothing. @type {any} */
      this._host = null;
      this._key = "";
      /** The colours and sums that were told last. @type {any} */
      this._table = null;
      /** @type {any} */
      this._sums = null;
      /** How many legends there were. */
      this._count = 0;
    }

    /**
     * @param {{colourBar: boolean, sourceLine: boolean}} options
     * @param {any} legend part that paints it where no page wants it
     * @returns {boolean} whether the page shows it
     */
    tell(options, legend) {
      const host = this._surface.legendHost();
      if (host === null) {
        return false;
      }
      const { grid, colours } = this._surface.picture;
      const { rows, sides, happened, least, isHatched, missing, sums } = this._surface.legend;
      const { missing: gap, words, text: brief, per, hint, end } = grid.legend;
      // Where there is nothing to see there is no scale either.
      const isEmpty = grid.offer !== null;
      const hasBar = options.colourBar && !isEmpty && grid.scaleLabels.length > 0;
      const labels = hasBar ? grid.scaleLabels.map(([, text]) => text) : [];
      if (hasBar && end && !grid.isSplit) {
        labels[labels.length - 1] = end;
      }
      // The hatch over the whole pane is that of the heat.
      const hatch = isHatched ? gap : missing;
      const lines = options.sourceLine ? [legend.sourceText(grid), ...rows.map(textOf)] : [];
      if (hasBar && hint) {
        lines.unshift(hint);
      }
      const key = JSON.stringify([labels, grid.legend, sides, happened, least, hatch, lines]);
      const table = hasBar ? colours : null;
      const isSame = key === this._key && table === this._table && sums === this._sums;
      if (host !== this._host || !isSame) {
        this._host = host;
        this._key = key;
        this._table = table;
        this._sums = sums;
        this._count += 1;
        host.show({
          key: this._count + " " + key,
          title: lines.join("\n"),
          whole: words,
          brief,
          per: per || "",
          bar: hasBar ? legend.barCanvas(colours, grid.isSplit) : null,
          labels,
          sides,
          happened,
          least,
          hatch,
          sums,
        });
      }
      return true;
    }

    /** Take it away where the layer is not shown. */
    look() {
      const { options, grid } = this._surface.picture;
      if (!options.visible || grid === null) {
        this.forget();
      }
    }

    /** Take it away. */
    forget() {
      const host = this._host;
      this._host = this._table = this._sums = null;
      this._key = "";
      if (host !== null) {
        host.show(null);
      }
    }
  }

  /** @param {{text: string}} row @returns {string} */
  function textOf(row) {
    return row.text;
  }

  heatmap.hostedLegend = { HostedLegend };
})(this);
