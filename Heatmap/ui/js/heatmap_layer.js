// needs: heatmap_data.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { unpackCells } = heatmap.data;

  /**
   * @typedef {Object} LayerConfig
   * @property {string} name of the bridge object; also the layer's name on the page
   * @property {string} chart name of the chart, for messages
   * @property {string} candles name of the candle series, for messages
   * @property {Object} options the layer's options
   * @property {string | null} pageColour what the page shows where it paints nothing; null: not known
   * @property {number | null} timeOffsetMs candle time minus UTC; null: to be found
   * @property {Language} [language] what the page says by itself; left out: English
   * @property {number} entry counts how often Python has entered a page
   * @property {number} link counts the channels that Python has had the object on
   */

  /** What Python tells a layer, by the names of the bridge's signals. */
  const MESSAGES = {
    gridShown: (layer, meta, cells) => layer.setHeatmapData(JSON.parse(meta), cells),
    cellsAppended: (layer, meta, cells) => layer.appendHeatmapCells(JSON.parse(meta), cells),
    optionsSet: (layer, options) => layer.setOptions(JSON.parse(options)),
    timeOffsetSet: (layer, offsetMs) => layer.setTimeOffset(JSON.parse(offsetMs)),
    partShown: (layer, part, payload) =>
      layer.inTurn(() => layer.showPart(part, JSON.parse(payload))),
    cleared: (layer) => layer.inTurn(() => layer.clear()),
  };

  /**
   * One heatmap on one chart of the page. It holds what is the same on every chart (the picture, the
   * time offset, the way to Python) and, while there is a chart, the stage with what draws on it.
   */
  class PageLayer {
    /** @param {LayerConfig} config @param {PageAccess} access */
    constructor(config, access) {
      this._config = config;
      this.picture = new heatmap.picture.Picture(config.options);
      /** @type {any} Stage; null: there is no chart */
      this.stage = null;
      this._offset = new heatmap.timeOffset.OffsetFinder(config.timeOffsetMs);
      this._toldOffset = "";
      /** The cells that are being unpacked, and what waits for them. */
      this._turns = Promise.resolve();
      this._isDestroyed = false;
      this._bars = () => heatmap.finder.resolve(access.bars);
      this._legendHost = () => heatmap.finder.resolve(access.legend);
      this._search = new heatmap.finder.ChartSearch(access, {
        isGone: () => this.stage !== null && this.stage.isGone,
        enter: (chart, candles) => this._messenger.guard(() => this._enter(chart, candles)),
        stay: () => this._messenger.guard(() => this._stay()),
        leave: (isHostsDoing) => this._leave(isHostsDoing),
        lack: (what) => this._messenger.tellLack(what),
      });
      this._messenger = new heatmap.messenger.Messenger(
        config,
        access.QWebChannel,
        Object.keys(MESSAGES),
        (message, content) => this.take(message, content),
        this._search.look,
      );
      this._messenger.open();
    }

    // What is asked of it.

    /** @param {string} message see MESSAGES @param {string[]} content */
    take(message, content) {
      this._messenger.guard(() => MESSAGES[message](this, ...content));
    }

    /** @param {number} link see LayerConfig @returns {boolean} whether it hears Python by that */
    isLinked(link) {
      return this._messenger.isLinked(link);
    }

    /**
     * Tell Python anew what it has forgotten, because it took the page for another one.
     * @param {number} entry see LayerConfig
     */
    announce(entry) {
      this._toldOffset = "";
      this._messenger.enter(entry);
      if (this.stage !== null) {
        this._messenger.tell("pageReady", {});
        this.stage.reportAgain();
      }
    }

    /**
     * Say that the layer is on a chart, or what that shows, where Python takes it for gone or empty.
     * @param {boolean} isReady whether Python knows that the layer is on a chart
     */
    tellAgain(isReady) {
      if (this.stage === null) {
        return;
      }
      if (!isReady) {
        this.announce(this._messenger.entry);
      } else if (!this.stage.isBlank) {
        this.stage.reportAgain();
      }
    }

    /**
     * Show a grid in place of the one before.
     * @param {any} meta see GridMeta @param {string} packed see unpackCells
     * @returns {Promise<void>} done
     */
    setHeatmapData(meta, packed) {
      return this.inTurn(async () => {
        this.picture.show(meta, await unpackCells(packed));
        this._takeNow(meta);
        this._showGrid();
      });
    }

    /**
     * Add columns at the right and drop some at the left; asks for a new grid where the increment
     * does not continue the shown one.
     * @param {any} meta @param {string} packed see unpackCells
     * @returns {Promise<void>} done
     */
    appendHeatmapCells(meta, packed) {
      return this.inTurn(async () => {
        if (!this.picture.append(meta, await unpackCells(packed))) {
          this._messenger.tell("pageNeedsGrid", {});
          return;
        }
        this._takeNow(meta);
        this._showGrid();
      });
    }

    /** @param {Object} options see `HeatmapLayer.set_options` in Python */
    setOptions(options) {
      this.picture.setOptions(options);
      if (this.stage !== null) {
        this.stage.applyOptions();
      }
    }

    /** @param {number | null} offsetMs candle time minus UTC; null: to be found */
    setTimeOffset(offsetMs) {
      this._offset.tell(offsetMs);
      if (this.stage !== null) {
        this.stage.repaint();
      }
    }

    /**
     * Show something by one of the parts; Python shows it again on the next chart.
     * @param {string} part its name @param {any} payload what it takes; null: nothing any more
     */
    showPart(part, payload) {
      if (this.stage !== null) {
        this.stage.showPart(part, payload);
      }
    }

    /** Remove the grid and what the parts show; the next ones are shown again. */
    clear() {
      this.picture.clear();
      if (this.stage !== null) {
        this.stage.clear();
      }
    }

    /**
     * Do something after all cells that came before are shown: unpacking takes its time, and what
     * comes meanwhile must not overtake.
     * @param {() => void | Promise<void>} action
     * @returns {Promise<void>} done; never fails, an error goes to Python's log
     */
    inTurn(action) {
      this._turns = this._turns.then(async () => {
        try {
          if (!this._isDestroyed) {
            await action();
          }
        } catch (error) {
          this._messenger.report(error);
        }
      });
      return this._turns;
    }

    /** Leave chart and page. Idempotent. */
    destroy() {
      if (!this._isDestroyed) {
        this._isDestroyed = true;
        this._messenger.close();
        this._search.stop();
        this.picture.clear();
      }
    }

    // What it does by itself.

    _enter(chart, candles) {
      if (typeof chart.addCustomSeries !== "function" || typeof candles.getPane !== "function") {
        throw new Error(
          this._config.chart + " and " + this._config.candles +
            " are not a chart and a series of Lightweight Charts 5",
        );
      }
      const messenger = this._messenger;
      this.stage = new heatmap.stage.Stage(chart, candles, {
        picture: this.picture,
        offset: this._offset,
        pageColour: this._config.pageColour,
        bars: this._bars,
        legendHost: this._legendHost,
        tell: (slot, payload) => messenger.tell(slot, payload),
        guard: (action) => messenger.guard(action),
        look: this._search.look,
        lose: () => this._search.lose(),
      });
      messenger.forgetLack();
      messenger.tell("pageReady", {});
    }

    _stay() {
      if (this.stage !== null) {
        this.stage.follow();
        this._tellOffset();
      }
    }

    /** @returns {boolean} whether it was on a chart */
    _leave(isHostsDoing) {
      const stage = this.stage;
      if (stage === null) {
        return false;
      }
      this.stage = null;
      this._messenger.tell("pageGone", {});
      stage.destroy(isHostsDoing);
      return true;
    }

    _showGrid() {
      if (this.stage !== null) {
        this.stage.showGrid();
      }
    }

    /** Take the data's own clock from a message, where it has one. */
    _takeNow(meta) {
      if (typeof meta.nowMs === "number") {
        this._offset.setNow(meta.nowMs);
      }
    }

    /** Report the offset in use, when it is another one; doubts only where a grid depends on it. */
    _tellOffset() {
      const { isCertain } = this._offset;
      const { offsetMs, count } = this.stage.axis;
      const state = offsetMs + " " + isCertain;
      const isOfUse = count > 0 && (isCertain || this.picture.bitmap !== null);
      if (isOfUse && state !== this._toldOffset) {
        this._toldOffset = state;
        this._messenger.tell("pageOffset", { offsetMs, isCertain });
      }
    }
  }

  heatmap.layer = { PageLayer };
})(this);
