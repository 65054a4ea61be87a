# A supernode as a container: one static program and its folders, nothing else.
#
#   docker build --build-arg VERSION=v1.2.3 -t alakazaam .
#   docker run -d --name alakazaam -p 3000:3000 --stop-timeout 30 \
#     -v alakazaam-data:/data -v /srv/shared:/shared:ro alakazaam supernode --advertise.ipv4 192.0.2.10
#   docker exec alakazaam /alakazaam status

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=devel
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.release=$VERSION" -o /image/alakazaam ./cmd/alakazaam
RUN mkdir /image/data /image/shared /image/downloads /image/tmp && chown 65532:65532 /image/*/

FROM scratch
COPY --from=build /image /
# The number is what other images without users take for theirs. Folders of the host that the node is to write must
# belong to it.
USER 65532:65532
ENV ALAKAZAAM_DATA_DIR=/data ALAKAZAAM_SHARE_DIR=/shared ALAKAZAAM_DOWNLOAD_DIR=/downloads XDG_CACHE_HOME=/tmp
VOLUME ["/data", "/shared", "/downloads"]
EXPOSE 3000
# A node that cannot write its directory is healthy: a restart would not help it.
HEALTHCHECK --interval=30s --timeout=15s --start-period=1m CMD ["/alakazaam", "health"]
ENTRYPOINT ["/alakazaam"]
CMD ["supernode"]
