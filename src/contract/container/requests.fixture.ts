/**
 * Requests as they arrive in real life, in the shapes that public resource definitions of the Container Driver have:
 * inline files, a private repository by ssh or https, secret variables, a script, a workload's identity.
 */
import type { JsonObject } from "../json.ts";

/** `job` as definitions share it between resources: an image with its own way to find the code. */
const runnerJob = {
  image: "registry.example/platform/runner:2.3.1",
  command: ["/opt/runner"],
  shared_directory: "/home/runneruser/workspace",
  namespace: "runners",
  service_account: "runner",
  pod_template: "spec:\n  imagePullSecrets:\n    - name: registry-credentials\n",
};

/** `cluster` as the orchestrator fills it in. */
const cluster = {
  account: "acme/production",
  cluster: {
    cluster_type: "eks",
    name: "acme-eu",
    region: "eu-north-1",
    loadbalancer: "203.0.113.7",
    proxy_url: null,
  },
};

const account = { AccessKeyId: "AKIAEXAMPLE", SecretAccessKey: "wJalrEXAMPLE", SessionToken: "FQoGEXAMPLE" };
const agent = { agent_url: "wss://agents.example/acme" };

const credentials = {
  environment: { AWS_ACCESS_KEY_ID: "AccessKeyId", AWS_SECRET_ACCESS_KEY: "SecretAccessKey" },
};

/** Each by what is special about it. */
export const realRequests = {
  "inline code": {
    type: "s3",
    resource: {},
    driver: {
      values: {
        job: runnerJob,
        cluster,
        credentials_config: credentials,
        files: {
          "terraform.tfvars.json": '{"REGION": "eu-north-1", "BUCKET": "shop-staging"}\n',
          "backend.tf": 'terraform {\n  backend "s3" {}\n}\n',
          "main.tf": 'resource "aws_s3_bucket" "this" {\n  bucket = var.BUCKET\n}\n',
        },
      },
      secrets: { account, cluster: agent },
    },
  },
  "a private repository by ssh": {
    type: "s3",
    resource: { region: "eu-north-1" },
    driver: {
      values: {
        job: runnerJob,
        cluster,
        credentials_config: credentials,
        source: { ref: "refs/heads/main", url: "git@git.example:acme/modules.git" },
        files: { "terraform.tfvars.json": '{"BUCKET": "shop-staging"}\n' },
      },
      secrets: {
        account,
        cluster: agent,
        source: {
          ssh_key: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        },
      },
    },
  },
  "a private repository by https, and secret variables": {
    type: "mysql",
    resource: {},
    driver: {
      values: {
        job: { ...runnerJob, variables: { TF_LOG: "warn" } },
        cluster,
        credentials_config: credentials,
        source: { ref: "v1.4.0", url: "https://git.example/acme/modules.git", path: "mysql/aws", username: "ci" },
      },
      secrets: {
        account,
        job: { variables: { "TF_VAR_mysql-instance-username": "root", "TF_VAR_mysql-instance-password": "hunter2" } },
        source: { password: "ghp_EXAMPLE" },
      },
    },
  },
  "a script for an image that has none": {
    type: "acme/redis",
    resource: { memory: 2 },
    driver: {
      values: {
        job: {
          image: "docker.io/library/alpine:3.22",
          command: ["/bin/sh", "/home/runneruser/workspace/run.sh"],
          shared_directory: "/home/runneruser/workspace",
        },
        append_logs_to_error: true,
        timeout: 900,
        files: {
          "run.sh": '#!/bin/sh\nset -e\necho \'{"host":"localhost"}\' > "$OUTPUTS_FILE"\n',
          "gcp/terraform.tfvars.json": "{}",
        },
      },
      secrets: { files: { "gcp/credentials.json": '{"type":"service_account"}' } },
    },
  },
  "credentials as a file, and a template that names the image": {
    type: "gcs",
    resource: {},
    driver: {
      values: {
        job: { pod_template: { spec: { containers: [{ name: "main", image: "registry.example/runner:1" }] } } },
        cluster: "acme-eu",
        credentials_config: {
          script_variables: { file: "gcp/credentials.tfvars.json", variables: { gcp_key: "key" } },
        },
      },
      secrets: { account: { key: { type: "service_account", project_id: "acme" } } },
    },
  },
  "nothing but an image": {
    type: "dns",
    resource: {},
    driver: { values: { job: { image: "registry.example/dns" } } },
  },
} as const satisfies Record<string, JsonObject | object>;
