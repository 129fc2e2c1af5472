/** Starts Swagger UI on our schema: its own start script is inline, which our pages forbid. */

const host = /** @type {HTMLElement} */ (document.querySelector("[data-api-docs]"));
const { SwaggerUIBundle } = /** @type {{ SwaggerUIBundle: (options: object) => void }} */ (
  /** @type {unknown} */ (window)
);

SwaggerUIBundle({
  domNode: host,
  url: host.dataset["schema"],
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  validatorUrl: null, // the default asks another host
});
