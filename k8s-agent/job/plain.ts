/** The Kubernetes client's models are classes; what is built and merged here is data of the same shape. */
import type { V1Container, V1PodSpec, V1Volume, V1VolumeMount } from "@kubernetes/client-node";

export type Plain<T> = T extends readonly (infer U)[]
  ? Plain<U>[]
  : T extends Date
    ? T
    : T extends object
      ? { [K in keyof T]: Plain<T[K]> }
      : T;

export type Container = Plain<V1Container>;
export type PodSpec = Plain<V1PodSpec>;
export type Volume = Plain<V1Volume>;
export type Mount = Plain<V1VolumeMount>;
