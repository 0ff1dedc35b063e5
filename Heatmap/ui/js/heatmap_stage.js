(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /**
   * What a stage needs of its layer.
   * @typedef {Object} StageOwner
   * @property {any} picture Picture
   * @property {any} offset OffsetFinder
   * @property {string | null} pageColour see LayerConfig
   * @property {(slot: string, payload: Object) => void} tell reports to Python
   * @property {(action: () => void) => void} guard runs something, and reports an error
   * @property {() => any} bars gives the series in whose pane bars are drawn; null: there is none
   * @property {() => any} legendHost gives what shows the legend in this one's place; null: nothing
   * @property {() => void} look has the page looked at for its chart
   * @property {() => void} lose the host removes its candles, or the whole chart
   */

  /** @type {Array<any>} */
  const NO_SIDES = [];

  /** What a layer has on one chart: its parts, what they draw on, and what calls them. */
  class Stage {
    /** @param {any} chart @param {any} candles @param {StageOwner} owner */
    constructor(chart, candles, owner) {
      this._owner = owner;
      /** Whether it is complete, and the chart has not gone. */
      this._isOn = false;
      /** Whether Python was told that the chart is empty. */
      this._isBlank = false;
      this._lookAtParts = () => owner.guard(() => this._isOn && this.parts.look());
      try {
        this._make(chart, candles);
        this.parts.change();
      } catch (error) {
        this.destroy(false);
        throw error;
      }
      this._isOn = true;
    }

    /** Make what draws on the chart, one after the other, the series last. */
    _make(chart, candles) {
      const { picture, offset, pageColour, tell, guard } = this._owner;
      this.axis = new heatmap.timeAxis.TimeAxis(chart, candles, offset);
      this.ground = new heatmap.ground.Ground(chart, pageColour);
      this.room = { right: 0, top: 0, bottom: 0 };
      this.legend = {
        isLeft: false, rows: [], sides: NO_SIDES, happened: "", least: "", isHatched: false, missing: "", sums: null,
        left: 0, top: 0, right: 0, bottom: 0,
      };
      this.parts = new heatmap.parts.Parts({
        chart,
        candles,
        axis: this.axis,
        ground: this.ground,
        texts: new heatmap.texts.AxisTexts(chart, candles, this.axis),
        picture,
        room: this.room,
        legend: this.legend,
        noteAt: () => null,
        choose: (heat) => tell("pageChose", { heat }),
        pick: (picked) => tell("pagePicked", picked),
        bars: this._owner.bars,
        legendHost: this._owner.legendHost,
        repaint: () => this.repaint(),
        level: null,
        ask: (query) => tell("pageAsked", query),
        guard,
      });
      this.viewport = new heatmap.viewport.ViewportWatcher(candles, this.axis, (viewport) => {
        tell("pageMoved", viewport);
      });
      this.timer = new heatmap.viewport.PaintTimer((timing) => tell("pagePainted", timing));
      this.series = new heatmap.series.HeatmapSeries(
        chart,
        candles,
        picture.options,
        (/** @type {any} */ scope) => this.paint(scope),
        (/** @type {any} */ scope) => this._paintAbove(scope),
        () => this._owner.lose(),
      );
    }

    /** @returns {boolean} whether the host has removed the layer's series, or the whole chart */
    get isGone() {
      return this.series.isGone;
    }

    /** @returns {boolean} whether Python knows that the chart is empty */
    get isBlank() {
      return this._isBlank;
    }

    /** Paint behind the candles. @param {any} scope bitmap coordinates scope */
    paint(scope) {
      if (this._isOn) {
        this._owner.guard(() => this._paintFrame(scope));
        // What a frame shows may be another one under the same crosshair. Not within the frame: a
        // screenshot hides the crosshair, paints and shows it again.
        queueMicrotask(this._lookAtParts);
      }
    }

    _paintFrame(scope) {
      const { axis, room, legend } = this;
      const { picture, look } = this._owner;
      const begin = performance.now();
      if (this.series.isAstray) {
        // Not while the chart paints, and nothing in a pane that the candles have left.
        queueMicrotask(look);
        return;
      }
      axis.refresh();
      if (axis.count === 0) {
        this._noteBlank();
        return;
      }
      this._isBlank = false;
      if (this.ground.look()) {
        picture.setGround(this.ground.hex);
      }
      this.viewport.note(scope.mediaSize);
      room.right = room.top = room.bottom = 0;
      legend.isLeft = false;
      legend.rows.length = 0;
      legend.sides = NO_SIDES;
      legend.happened = "";
      legend.least = "";
      legend.isHatched = false;
      legend.missing = "";
      legend.left = legend.top = legend.right = legend.bottom = 0;
      this.parts.paint(scope);
      if (picture.options.visible) {
        this.timer.add(performance.now() - begin);
      }
    }

    /** Paint the words above the candles. */
    _paintAbove(scope) {
      this._owner.guard(() => {
        if (this._isOn && !this.series.isAstray && this.axis.count > 0) {
          this.parts.paintAbove(scope);
        }
      });
    }

    /** The chart has lost its candles: there is no view that a grid could be made for. */
    _noteBlank() {
      if (!this._isBlank) {
        this._isBlank = true;
        this.viewport.forget();
        this._owner.tell("pageBlank", {});
      }
    }

    /** Report what the chart shows, or that it is empty, whatever was reported before. */
    reportAgain() {
      this._isBlank = false;
      this.viewport.forget();
      this.repaint();
    }

    /** Follow the candles to another pane, and the page to another colour. */
    follow() {
      this.series.followCandles();
      if (this.ground.hasNewBehind()) {
        this.repaint();
      }
    }

    repaint() {
      this.series.requestUpdate();
    }

    /** The grid is another one. */
    showGrid() {
      this.parts.change();
      this.repaint();
    }

    /** The options are others. */
    applyOptions() {
      this.series.applyOptions(this._owner.picture.options);
      this.parts.change();
    }

    /** @param {string} part @param {any} payload see `Parts.take` */
    showPart(part, payload) {
      this.parts.take(part, payload);
      this.repaint();
    }

    /** Nothing is to be shown any more. */
    clear() {
      this.parts.clear();
      this.showGrid();
    }

    /**
     * Leave the chart, which may have gone.
     * @param {boolean} isHostsDoing within a call of the host
     */
    destroy(isHostsDoing) {
      this._isOn = false;
      for (const each of [this.series, this.viewport, this.timer, this.parts, this.axis]) {
        try {
          if (each !== undefined) {
            each.destroy(isHostsDoing);
          }
        } catch (error) {
          // A chart that has gone, or what was only half made.
        }
      }
    }
  }

  heatmap.stage = { Stage };
})(this);
