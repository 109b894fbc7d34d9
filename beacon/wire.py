"""The spelling of submissions on the wire, which a profile may change."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Wire(BaseModel):
    """Members of a submission's wrapper; None leaves a member out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wrapper: Literal["job_spec", "jobspec"] = "job_spec"
    enable_analysis: bool | None = None

    @property
    def members(self) -> dict[str, Any]:
        """Arguments for ``beacon.jobs.wrap``, where a test gives none."""
        more = {} if self.enable_analysis is None else {"enable_analysis": self.enable_analysis}
        return {"spelling": self.wrapper, **more}
