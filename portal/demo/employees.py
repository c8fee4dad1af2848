"""Employees of the enterprise: those whom the demonstration names, and colleagues for every department."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from domain.customers.tables import Employee
from portal.demo.names import person_name
from portal.demo.world import World

CUSTOMER_RELATIONS, SERVICE, RESEARCH = "客户关系管理部", "售后服务部", "研发部"
STORES = "线下体验店"
PRODUCTION, MARKET, DIVISION, MANAGEMENT = "生产部", "市场部", "军民融合事业部", "公司领导"


class Named(NamedTuple):
    """An employee whom other parts of the demonstration refer to."""

    key: str
    name: str
    name_en: str
    title: str
    department: str


NAMED = (
    Named("han", "韩知行", "Han Zhixing", "客户经理", CUSTOMER_RELATIONS),
    Named("ding", "丁一苇", "Ding Yiwei", "商务主管", CUSTOMER_RELATIONS),
    Named("song", "宋怀瑾", "Song Huaijin", "客户关系管理部部长", CUSTOMER_RELATIONS),
    Named("su", "苏砚", "Su Yan", "技术支持工程师", SERVICE),
    Named("helan", "贺兰舟", "He Lanzhou", "飞控研发主任", RESEARCH),
    Named("shen", "沈砺", "Shen Li", "生产计划主管", PRODUCTION),
    Named("fang", "方景行", "Fang Jingxing", "产品经理", MARKET),
    Named("ye", "叶书宁", "Ye Shuning", "技术转化专员", DIVISION),
    Named("tao", "陶清和", "Tao Qinghe", "民品目录专员", DIVISION),
    Named("mu", "穆珊", "Mu Shan", "脱密审查员", DIVISION),
    Named("bai", "白露", "Bai Lu", "店长", STORES),
    Named("cen", "岑川", "Cen Chuan", "店员", STORES),
    Named("wei", "卫长庚", "Wei Changgeng", "副总经理", MANAGEMENT),
    Named("lin", "林知远", "Lin Zhiyuan", "系统管理员", MANAGEMENT),
    Named("qi", "齐慎之", "Qi Shenzhi", "安全管理员", MANAGEMENT),
    Named("meng", "孟昭明", "Meng Zhaoming", "审计管理员", MANAGEMENT),
)

# How many more work in each department, and as what.
COLLEAGUES = (
    (CUSTOMER_RELATIONS, "客户经理", 17),
    (CUSTOMER_RELATIONS, "商务专员", 6),
    (SERVICE, "技术支持工程师", 8),
    (SERVICE, "维修工程师", 8),
    (RESEARCH, "主任设计师", 10),
    (PRODUCTION, "生产调度", 4),
    (MARKET, "产品经理", 4),
    (DIVISION, "市场开发专员", 3),
)


class Staff:
    """The ids of employees, by key and by title."""

    def __init__(self) -> None:
        self.named: dict[str, UUID] = {}
        self.by_title: dict[str, list[UUID]] = {}

    def titled(self, *titles: str) -> list[UUID]:
        """Everybody with one of these titles."""
        return [employee for title in titles for employee in self.by_title[title]]


def make_employees(world: World) -> Staff:
    """All employees; addresses and numbers are of the example domain and the works exchange."""
    staff = Staff()
    everybody = [*NAMED]
    for department, title, count in COLLEAGUES:
        everybody += [Named("", person_name(world.random), "", title, department) for _ in range(count)]
    for number, person in enumerate(everybody):
        employee = world.add(
            Employee,
            name=person.name,
            name_en=person.name_en or None,
            title=person.title,
            department=person.department,
            phone=f"{8100 + number}",
            email=f"{person.name_en.replace(' ', '.').lower() or f'staff{number:03}'}@quadrant.example",
        )
        staff.by_title.setdefault(person.title, []).append(employee)
        if person.key:
            staff.named[person.key] = employee
    return staff
