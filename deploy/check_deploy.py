"""``make check-deploy``: lint the Dockerfile, the Compose file and the Helm chart.

Patchboard is developed without a container engine and without Kubernetes. Therefore these checks
only read the files. They cannot show that the containers run.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

import compose_spec
import helm_sdkpy
import yaml

HERE = Path(__file__).resolve().parent
HADOLINT = Path(sys.executable).with_name("hadolint")
WARNING = 2  # the severities of `helm lint`: 1 information, 2 warning, 3 error


def main() -> int:
    hadolint = [HADOLINT, HERE / "container" / "Dockerfile"]
    dockerfile = subprocess.run(hadolint, check=False)  # noqa: S603  # our own command
    # Resolve YAML merges (<<) before the check.
    compose = yaml.safe_load((HERE / "compose" / "compose.yml").read_text())
    services = compose_spec.PyCompose.from_yaml(yaml.safe_dump(compose)).service_names()
    chart = asyncio.run(_lint_chart(HERE / "helm" / "patchboard"))
    for problem in chart:
        print(f"chart: {problem}", file=sys.stderr)
    if dockerfile.returncode or chart:
        return 1
    print(f"-> Dockerfile, Compose file ({', '.join(services)}) and Helm chart have no errors")
    return 0


async def _lint_chart(chart: Path) -> list[object]:
    """The messages of `helm lint` with the severity warning or error."""
    found = await helm_sdkpy.Lint(helm_sdkpy.Configuration()).run(str(chart))
    messages = [one for one in found["Messages"] or [] if one["Severity"] >= WARNING]
    return [*messages, *(found["Errors"] or [])]


if __name__ == "__main__":
    sys.exit(main())
