from collections import Counter

from domain.customers.regions import divisions, region_id


def test_the_standard_is_complete() -> None:
    provinces = [division for division in divisions() if division.province]
    cities = [division for division in divisions() if not division.province]
    assert len(provinces) == 34
    assert len(cities) == 333
    kinds = Counter(
        next(kind for kind in ("自治州", "地区", "盟", "市") if city.name.endswith(kind)) for city in cities
    )
    assert kinds == {"市": 293, "自治州": 30, "地区": 7, "盟": 3}


def test_codes_are_well_formed_unique_and_sorted() -> None:
    codes = [division.code for division in divisions()]
    assert codes == sorted(set(codes))
    assert all(len(code) == 6 and code.isdigit() and code.endswith("00") for code in codes)


def test_every_city_has_a_province_before_it() -> None:
    seen: set[str] = set()
    for division in divisions():
        assert division.parent_code is None or division.parent_code in seen
        seen.add(division.code)


def test_names_are_in_both_languages() -> None:
    for division in divisions():
        assert all("\u4e00" <= letter <= "\u9fff" for letter in division.name)
        assert division.name_en[0].isupper()
        assert division.name_en == division.name_en.strip()


def test_ids_follow_from_codes() -> None:
    assert str(region_id("420100")) == "d1589d19-1813-5cea-a970-c89b4c07745c"
    assert len({region_id(division.code) for division in divisions()}) == len(divisions())
