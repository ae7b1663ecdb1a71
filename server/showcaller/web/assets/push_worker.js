/**
 * The service worker for Web Push: shows the reminders that are sent to this browser, also when no page is open, and leads to the
 * talk. It keeps nothing and answers no page's requests.
 */

const worker = /** @type {any} */ (self);

worker.addEventListener("push", (/** @type {any} */ event) => {
  const { title, body, path, tag } = event.data.json();
  event.waitUntil(worker.registration.showNotification(title, { body, tag, data: { path }, icon: "/assets/icon-192.png" }));
});

worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
  event.notification.close();
  event.waitUntil(goTo(new URL(event.notification.data.path, worker.location.origin).href));
});

/** @param {string} address in the window that is there already, else in a new one */
async function goTo(address) {
  const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = windows.find((/** @type {any} */ one) => one.url.split("#")[0] === address);
  return there ? there.focus() : worker.clients.openWindow(address);
}
