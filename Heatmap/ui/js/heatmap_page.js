(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** The page's layers by name; kept when these files run again. */
  heatmap.layers = heatmap.layers || new Map();

  /** @param {string} name of a layer, or of none */
  function remove(name) {
    const layer = heatmap.layers.get(name);
    if (layer !== undefined) {
      heatmap.layers.delete(name);
      layer.destroy();
    }
  }

  /** Take these files themselves off the page, when no layer needs them any more. */
  function vanish() {
    const isConnected = heatmap.hub !== undefined && !heatmap.hub.isClosed;
    if (heatmap.layers.size === 0 && !isConnected && global.OrderPilotHeatmap === heatmap) {
      delete global.OrderPilotHeatmap;
    }
  }

  /**
   * Put a layer on the page, in place of one of the same name; one that is there already and hears
   * Python stays: a load may have left the page as it was.
   * @param {LayerConfig} config @param {PageAccess} access
   * @returns {boolean} true: Python is to know that nothing failed
   */
  heatmap.attach = function (config, access) {
    if (config.language !== undefined) {
      // Here, for a layer that stays too: these files have run again, and speak English until told.
      heatmap.language.use(config.language);
    }
    const present = heatmap.layers.get(config.name);
    if (present !== undefined && present.isLinked(config.link)) {
      present.announce(config.entry);
    } else {
      remove(config.name);
      heatmap.layers.set(config.name, new heatmap.layer.PageLayer(config, access));
    }
    return true;
  };

  /**
   * Tell a layer something without the channel, where it is on the page.
   * @param {string} name of the layer @param {string} message see MESSAGES
   * @param {...string} content
   */
  heatmap.tell = function (name, message, ...content) {
    const layer = heatmap.layers.get(name);
    if (layer !== undefined) {
      layer.take(message, content);
    }
  };

  /**
   * Have a layer say what it is on, where Python seems to be mistaken: others can call its slots.
   * @param {string} name of the layer @param {boolean} isReady whether Python takes it for ready
   */
  heatmap.ask = function (name, isReady) {
    const layer = heatmap.layers.get(name);
    if (layer !== undefined) {
      layer.tellAgain(isReady);
    }
  };

  /** Take a layer off the page; with the last one nothing is left. @param {string} name */
  heatmap.detach = function (name) {
    remove(name);
    vanish();
  };

  heatmap.page = { vanish };
})(this);
