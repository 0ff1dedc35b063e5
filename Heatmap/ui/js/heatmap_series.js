(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** An overlay scale of its own: nothing of the host's scales sees this series. */
  const PRICE_SCALE_ID = "order-pilot-heatmap";

  /** The custom series' view. It has no items and draws nothing: the primitive draws. */
  class EmptyPaneView {
    constructor() {
      this._renderer = { draw() {} };
    }

    renderer() {
      return this._renderer;
    }

    update() {}

    priceValueBuilder() {
      return [];
    }

    isWhitespace() {
      return true;
    }

    defaultOptions() {
      return {};
    }

    destroy() {}
  }

  /** A series primitive behind the candles and under the chart's grid lines. */
  class BottomPrimitive {
    /** @param {(scope: any) => void} paint called with the pane's bitmap coordinates scope */
    constructor(paint) {
      /** @type {(() => void) | null} */
      this._requestUpdate = null;
      const renderer = {
        draw(/** @type {any} */ target) {
          target.useBitmapCoordinateSpace(paint);
        },
      };
      this._views = [{ zOrder: () => "bottom", renderer: () => renderer }];
    }

    /** @param {{requestUpdate: () => void}} parameters */
    attached(parameters) {
      this._requestUpdate = parameters.requestUpdate;
    }

    detached() {
      this._requestUpdate = null;
    }

    updateAllViews() {}

    paneViews() {
      return this._views;
    }

    /** Have the pane painted again soon; nothing when not attached. */
    requestUpdate() {
      if (this._requestUpdate !== null) {
        this._requestUpdate();
      }
    }
  }

  /** The series and its primitive on one chart. */
  class HeatmapSeries {
    /**
     * @param {any} chart @param {any} candles
     * @param {Object} options the layer's options @param {(scope: any) => void} paint
     */
    constructor(chart, candles, options, paint) {
      this._chart = chart;
      this._candles = candles;
      this._primitive = new BottomPrimitive(paint);
      const seriesOptions = Object.assign({}, options, {
        priceScaleId: PRICE_SCALE_ID,
        autoscaleInfoProvider: () => null,
        lastValueVisible: false,
        priceLineVisible: false,
        title: "",
      });
      const pane = candles.getPane().paneIndex();
      this._series = chart.addCustomSeries(new EmptyPaneView(), seriesOptions, pane);
      if (typeof this._series.setSeriesOrder === "function") {
        this._series.setSeriesOrder(0);
      }
      this._series.attachPrimitive(this._primitive);
    }

    /** @param {Object} options the layer's options */
    applyOptions(options) {
      this._series.applyOptions(options);
      this._primitive.requestUpdate();
    }

    requestUpdate() {
      this._primitive.requestUpdate();
    }

    /** @returns {boolean} whether the candles are in another pane than the layer */
    get isAstray() {
      const wanted = this._candles.getPane().paneIndex();
      return wanted >= 0 && this._series.getPane().paneIndex() !== wanted;
    }

    /** Move to the candles' pane when they are in another one. */
    followCandles() {
      if (this.isAstray) {
        this._series.moveToPane(this._candles.getPane().paneIndex());
        if (typeof this._series.setSeriesOrder === "function") {
          this._series.setSeriesOrder(0);
        }
      }
    }

    /** Leave the chart; nothing happens when the host has removed the chart before. */
    destroy() {
      try {
        this._series.detachPrimitive(this._primitive);
        this._chart.removeSeries(this._series);
      } catch (error) {
        // A chart that was removed takes its series along, and then throws at every call.
        this._primitive.detached();
      }
    }
  }

  heatmap.series = { HeatmapSeries };
})(this);
