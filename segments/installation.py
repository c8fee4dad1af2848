"""What this installation is allowed to hold: one row that only the owner role can write."""

from sqlalchemy.orm import Mapped, mapped_column

from foundation.tables import Table
from segments.classification import Classification, ClassificationRank
from segments.policies import ANYBODY, NOBODY, Rows


class Installation(Table):
    """The installation's classification ceiling: no row above it is stored (`BELOW_CEILING` in every write policy)."""

    __tablename__ = "installation"
    __rows__ = Rows(ANYBODY, NOBODY, classified=False)

    ceiling: Mapped[Classification] = mapped_column(ClassificationRank())
