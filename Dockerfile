# A first image: words-only service on CPU. Build: docker build -t suara-warga .   Run: docker run -p 8000:8000 -v suara:/data suara-warga
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY nlp nlp
COPY api api
RUN python -m venv /opt/suara \
 && /opt/suara/bin/pip install --no-cache-dir --constraint constraints.txt . \
 && /opt/suara/bin/suara train --encoder none --out /opt/model

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home --home-dir /data suara
COPY --from=build /opt/suara /opt/suara
COPY --from=build /opt/model /opt/model
ENV PATH=/opt/suara/bin:$PATH SUARA_DATA_DIR=/data SUARA_MODEL_DIR=/opt/model OMP_NUM_THREADS=2
USER suara
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["suara", "serve", "--host", "0.0.0.0"]
