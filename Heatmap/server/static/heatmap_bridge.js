"use strict";

/**
 * The layer's way to Python where there is no channel of Qt: a websocket. It stands in the place of
 * `OrderPilotHeatmap.channel`, and gives the layer an object like the one on that channel.
 */
const heatmapBridge = ((heatmap) => {
  const SLOTS = [
    "pageReady", "pageGone", "pageBlank", "pageLacks", "pageNeedsGrid", "pageMoved", "pageAsked",
    "pageChose", "pagePicked", "pageOffset", "pagePainted", "pageFailed",
  ];
  const SIGNALS = [
    "gridShown", "cellsAppended", "optionsSet", "timeOffsetSet", "partShown", "cleared",
  ];
  const FIRST_PAUSE_MS = 500;
  const LONGEST_PAUSE_MS = 8000;

  /** @type {Map<string, Function>} what the layer does at a signal */
  const listeners = new Map();
  /** @type {WebSocket | null} */
  let socket = null;
  let pauseMs = FIRST_PAUSE_MS;
  let timer = 0;

  /** @param {Object} message told while there is a connection; Python asks again after it is back */
  function send(message) {
    if (socket !== null && socket.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify(message));
    }
  }

  const remote = {};
  for (const slot of SLOTS) {
    remote[slot] = (payload) => send({ report: slot, payload });
  }
  for (const signal of SIGNALS) {
    remote[signal] = { connect: (listener) => listeners.set(signal, listener) };
  }

  heatmap.channel = {
    connect(_name, _QWebChannel, onObject) {
      // Not at once: the layer's constructor has not ended yet.
      queueMicrotask(() => onObject(remote));
      return { close() {}, onDestroyed(then) { then(); } };
    },
    isThere: () => true,
    isCurrent: () => true,
  };

  /**
   * Connect, and again whenever the connection is lost.
   * @param {string} path of the websocket
   * @param {(type: string, content: any[]) => void} take what is not for the layer
   * @param {(isOpen: boolean) => void} onState
   */
  function open(path, take, onState) {
    clearTimeout(timer);
    const url = new URL(path, location.origin);
    url.protocol = url.protocol.replace("http", "ws");
    const mine = (socket = new WebSocket(url));
    mine.onmessage = (event) => {
      const { type, content } = JSON.parse(event.data);
      if (!SIGNALS.includes(type)) {
        pauseMs = FIRST_PAUSE_MS;
        take(type, content);
      } else if (listeners.has(type)) {
        listeners.get(type)(...content);
      }
    };
    mine.onopen = () => onState(true);
    mine.onclose = () => {
      if (mine !== socket) {
        return;
      }
      onState(false);
      timer = setTimeout(() => open(path, take, onState), pauseMs);
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    };
  }

  return { open, send };
})(window.OrderPilotHeatmap);
