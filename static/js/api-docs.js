// The OpenAPI document, to read and to try. A signed-in reader tries it as themselves.
const place = document.getElementById("api-docs");
const csrf = document.querySelector("meta[name=csrf-token]").content;

window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: true,
  validatorUrl: null, // or every reader's browser asks a stranger's server
  requestInterceptor: (request) => {
    const ours = new URL(request.url, location.href).origin === location.origin;
    if (ours) request.headers["X-CSRFToken"] = csrf;
    return request;
  },
});
