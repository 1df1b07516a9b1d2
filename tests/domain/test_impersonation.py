"""What reads like the name of who runs the server is found, whatever it is written with; other names are left alone."""

from __future__ import annotations

import pytest

from fedi_community.domain.facts import Facts
from fedi_community.domain.impersonation import claims, refused_fields, refused_name, skeletons

PROTECTED = skeletons(["Mayo Clinic", "NHS"])
FACTS = Facts(now=0, protected=PROTECTED)


@pytest.mark.parametrize(
    "name",
    [
        "Mayo Clinic", "MAYO CLINIC", "mayoclinic", "mayo_clinic", "mayo-clinic-help", "Mayo\u200bClinic", "M a y o C l i n i c",
        "Mауо Сlіnіс", "Μayo Clinic", "Mayo C1inic", "Mayo CIinic", "Ｍａｙｏ Ｃｌｉｎｉｃ", "Máyo Clínic", "May0 Cl!nic",
        "Dr. Ann (Mayo Clinic)", "𝓜𝓪𝔂𝓸 𝓒𝓵𝓲𝓷𝓲𝓬", "rnayo clinic", "NHS", "nhs", "NHS Support", "N\u00adHS",
    ],
)  # fmt: skip
def test_a_name_that_claims_is_found(name: str) -> None:
    assert claims(name, PROTECTED), name
    assert refused_name(name, FACTS) is not None


@pytest.mark.parametrize(
    "name", ["Mayra", "Clinton", "Nadia", "Inhstant", "Mayo", "clinic", "Ana María", "田中", "", "Johns"]
)
def test_other_names_are_left_alone(name: str) -> None:
    assert not claims(name, PROTECTED), name
    assert refused_name(name, FACTS) is None


def test_without_a_protected_name_nothing_claims() -> None:
    assert not claims("Mayo Clinic", frozenset())
    assert skeletons(["", "  ", "✓"]) == frozenset()


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (("Employer", "Mayo Clinic"), "claims_a_name"),
        (("Mayo Clinic", "nurse"), "claims_a_name"),
        (("Verified ✓", "nurse"), "claims_a_badge"),
        (("Job", "nurse ✅"), "claims_a_badge"),
        (("The hospital says", "clinician"), "claims_a_badge"),
        (("El hospital dice:", "médica"), "claims_a_badge"),
        (("Where I was helped", "https://www.mayoclinic.example/sleep"), None),
        (("Pronouns", "she"), None),
    ],
)
def test_a_field_that_claims_or_looks_like_a_badge_is_refused(
    field: tuple[str, str], reason: str | None
) -> None:
    refused = refused_fields([field], FACTS)
    assert (refused.reason if refused else None) == reason
