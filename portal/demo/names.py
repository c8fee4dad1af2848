"""Names for the demonstration world: people, places that no map has, and codes that no register has given out."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
GIVEN_NAMES = tuple(
    "知行 怀瑾 书宁 明远 以安 长风 一苇 砚秋 兰舟 砺锋 清和 思源 景行 云舒 望舒 牧之 承泽 静姝 若谷 子衿 亦凡 晓棠 嘉木 雨桐 文博 立新 建国 卫东 "
    "海燕 春梅 志远 国栋 秀英 天佑 浩然 晨曦 雪松 梓涵 伟 芳 敏 静 磊 洋 艳 勇 军 杰 娟 涛 超 明 霞 平 刚 鹏 辉 宇 航 凯 璐 颖 琳 昊 峰".split()
)

# Invented county-level cities, each placed in a real prefecture (GB/T 2260) so that maps and facets have something to show.
PLACES = {
    "云州": ("420300", "Yunzhou"),
    "临江": ("420500", "Linjiang"),
    "南屿": ("350600", "Nanyu"),
    "北塬": ("610600", "Beiyuan"),
    "岱川": ("370900", "Daichuan"),
    "望洲": ("320600", "Wangzhou"),
    "松泽": ("310000", "Songze"),
    "澄湖": ("320500", "Chenghu"),
    "雁回": ("430400", "Yanhui"),
    "鹿鸣": ("150700", "Luming"),
    "碧涧": ("330900", "Bijian"),
    "平野": ("210100", "Pingye"),
    "赤岭": ("150400", "Chiling"),
    "金滩": ("450500", "Jintan"),
    "星渚": ("440300", "Xingzhu"),
    "霁川": ("510700", "Jichuan"),
    "玉垒": ("510100", "Yulei"),
    "沙原": ("620900", "Shayuan"),
    "寒汀": ("230700", "Hanting"),
    "沧屿": ("330900", "Cangyu"),
    "槐川": ("410300", "Huaichuan"),
    "柳浦": ("360400", "Liupu"),
    "青垣": ("630100", "Qingyuan"),
    "岚谷": ("520100", "Langu"),
    "天梯": ("500000", "Tianti"),
    "雪堂": ("540100", "Xuetang"),
    "瀚原": ("650100", "Hanyuan"),
    "琼崖": ("460100", "Qiongya"),
}

# GB 32100: digits and letters of the unified social credit code 统一社会信用代码, and the weights of its check character.
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))


class Place(NamedTuple):
    """An invented city and the code of the region it lies in."""

    name: str
    region_code: str
    name_en: str


def places() -> list[Place]:
    """All invented cities."""
    return [Place(name, code, name_en) for name, (code, name_en) in PLACES.items()]


def person_name(random: Random) -> str:
    """A plausible name of a person; that somebody bears it is chance."""
    return random.choice(SURNAMES) + random.choice(GIVEN_NAMES)


def masked_phone(random: Random) -> str:
    """A mobile number with its middle masked, so that nobody can be called."""
    return f"1{random.choice((38, 39, 59, 86, 77, 91))}****{random.randrange(10_000):04}"


def credit_code(random: Random) -> str:
    """A well-formed unified social credit code of region 000000, which no register uses."""
    body = "91000000" + "".join(random.choice(CREDIT_ALPHABET) for _ in range(9))
    total = sum(CREDIT_ALPHABET.index(letter) * weight for letter, weight in zip(body, CREDIT_WEIGHTS, strict=True))
    return body + CREDIT_ALPHABET[-total % 31]
