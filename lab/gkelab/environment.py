# SPDX-License-Identifier: Apache-2.0
"""What a shell needs to work with a lab: `eval "$(gkelab env)"`."""

from __future__ import annotations

import shlex

from gkelab.cloud import certificate
from gkelab.machines.ports import GRPC_OFFSET
from gkelab.state import PROJECT, REGION, ZONE, Lab

LOCAL = "127.0.0.1,localhost"


def variables(lab: Lab) -> dict[str, str]:
    """Return the variables by name, the token among them.

    GCP_*: google.cloud's names, which the collection reads; GCE_*: where Google's libraries look for a machine's own
    account (engine api); CLOUDSDK_*: gcloud's (without the override for serviceusage, `clusters create` waits 36 s for
    a name and then crashes).
    """
    settings = lab.settings()
    url = settings.url
    machine = {"GCE_METADATA_HOST": settings.address, "GCE_METADATA_IP": settings.address}
    return {
        "GKELAB_DIR": str(lab.folder),
        "GKELAB_URL": url,
        "GKELAB_TOKEN": lab.token,
        "GKELAB_GRPC": f"127.0.0.1:{settings.port + GRPC_OFFSET}",
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(lab.folder / certificate.FILE),
        "GCP_AUTH_KIND": "accesstoken",
        "GCP_ACCESS_TOKEN": lab.token,
        "GCP_PROJECT": PROJECT,
        "MULTINET_COMPUTE_ENDPOINT": url,
        "MULTINET_CONTAINER_ENDPOINT": url,
        "MULTINET_IAM_ENDPOINT": url,
        "CLOUDSDK_CONFIG": str(lab.folder / "gcloud"),
        "CLOUDSDK_CORE_PROJECT": PROJECT,
        "CLOUDSDK_COMPUTE_REGION": REGION,
        "CLOUDSDK_COMPUTE_ZONE": ZONE,
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(lab.token_file),
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": f"{url}/compute/v1/",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER": f"{url}/",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_SERVICEUSAGE": f"{url}/",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS": f"{url}/",
        "CLOUDSDK_AUTH_TOKEN_HOST": f"{url}/token",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        "CLOUDSDK_SURVEY_DISABLE_PROMPTS": "true",
        "KUBECONFIG": str(lab.kubeconfig),
        **(machine if settings.engine == "api" else {}),
    }


def exports(lab: Lab) -> str:
    """Return the variables as shell commands, with kubectl in PATH and no proxy between us and the lab."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables(lab).items()]
    lines += [f'export {name}="{LOCAL}${{{name}:+,${name}}}"' for name in ("NO_PROXY", "no_proxy")]
    lines.append(f'export PATH={shlex.quote(str(lab.bin))}:"$PATH"')
    return "\n".join(lines)
