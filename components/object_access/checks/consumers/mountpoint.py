"""The AWS CLI and Mountpoint, on a machine or with a key."""

from ...handover.model import Machine
from ..check import Failed, allowed
from ._files import FileChecks


class Client(FileChecks):
    """What is promised to a machine, or to the holder of a key."""

    @allowed("aws sts get-caller-identity names the one who was given access")
    def identity(self) -> None:
        told = self._tools.aws("sts", "get-caller-identity", "--query", "Arn", "--output", "text")
        how = self._subject.handover.holders[self._holder].how
        wanted = ":user/"
        if isinstance(how, Machine):
            wanted = f":assumed-role/{how.role_arn.rpartition('/')[2]}/"
        if wanted not in told:
            raise Failed(f"it is {told.strip()}")
