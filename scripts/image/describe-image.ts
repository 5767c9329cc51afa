/** The documents of an OCI image (image-spec 1.0): which layers it has, how it runs, what it is called. Pure. */
import { createHash } from "node:crypto";
import { stringifyJson } from "../../src/contract/json.ts";
import type { Layer } from "./layer.ts";

const types = {
  config: "application/vnd.oci.image.config.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
} as const;

/** How the image runs. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly WorkingDir: string;
  readonly Labels: Readonly<Record<string, string>>;
}

export interface Image {
  /** With its tag. */
  readonly name: string;
  readonly architecture: "amd64" | "arm64";
  readonly config: ImageConfig;
  readonly layers: readonly Layer[];
  /** ISO 8601. */
  readonly created: string;
}

/** A document, and where it is in the layout. */
export interface Document {
  readonly path: string;
  readonly text: string;
}

export interface ImageDocuments {
  readonly digest: string;
  readonly documents: readonly Document[];
}

/** Builds everything of an image's layout but its layers. */
export function describeImage({ name, architecture, config, layers, created }: Image): ImageDocuments {
  const configBlob = toBlob(types.config, {
    created,
    architecture,
    os: "linux",
    config,
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ title }) => ({ created, created_by: title })),
  });
  const manifest = toBlob(types.manifest, {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: configBlob.descriptor,
    layers: layers.map(({ digest, size }) => ({ mediaType: types.layer, digest, size })),
  });
  // containerd goes by the first name, podman and skopeo by the second.
  const annotations = { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name };
  const index = { schemaVersion: 2, manifests: [{ ...manifest.descriptor, annotations }] };
  // What `docker save` has: docker's own store reads an OCI layout by way of it.
  const docker = [{ Config: configBlob.path, RepoTags: [name], Layers: layers.map(({ digest }) => toPath(digest)) }];
  return {
    digest: manifest.descriptor.digest,
    documents: [
      { path: "oci-layout", text: stringifyJson({ imageLayoutVersion: "1.0.0" }) },
      { path: "index.json", text: stringifyJson(index) },
      { path: "manifest.json", text: stringifyJson(docker) },
      configBlob,
      manifest,
    ],
  };
}

/** Where a blob is in the layout. */
export function toPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function toBlob(mediaType: string, content: unknown) {
  const text = stringifyJson(content);
  const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
  return { path: toPath(digest), text, descriptor: { mediaType, digest, size: Buffer.byteLength(text) } };
}
