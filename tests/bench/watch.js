// Notes when a text first stands on the page: shownAt becomes a promise of the time
// (performance.now, ms), kept from the moment of the call on.
(text) => {
  const PATIENCE_MS = 15000;
  window.shownAt = new Promise((resolve, reject) => {
    const observer = new MutationObserver(() => {
      const now = performance.now();
      if (!document.body.textContent.includes(text)) return;
      observer.disconnect();
      resolve(now);
    });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
    setTimeout(() => reject(new Error(`never shown: ${text}`)), PATIENCE_MS);
  });
}
