"""The scopes `resource:action` that fields ask for by `Needs(...)`, and the roles that hold them.

A scope is one line here and the mark that uses it. A browser session holds every scope of its person; a token only
those that were asked for among them: a scope narrows, it never grants.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from segments.audiences import CONSUMER, DIVISION, ENTERPRISE, GOVERNMENT, MILITARY, STAFF, Audience


@dataclass(frozen=True, slots=True)
class Scope:
    """One right: its name, what the consent page says of it, and the audiences that may hold it at all.

    With `second_factor`, only who proved a second factor holds it (`segments/factors.py`).
    """

    name: str
    zh: str
    en: str
    audiences: tuple[Audience, ...]
    second_factor: bool = False


@dataclass(frozen=True, slots=True)
class Role:
    """What people of one audience do, and the scopes that come with it."""

    name: str
    zh: str
    en: str
    audience: Audience
    scopes: tuple[str, ...] = ()


SCOPES = (
    Scope("appointments:book", "预约到店", "Book appointments at stores", (CONSUMER, ENTERPRISE)),
    Scope("approvals:delegate", "委托他人代为审批", "Delegate approvals", (DIVISION, STAFF)),
    Scope("approvals:publish", "发布审批政策与筛选评分表", "Publish approval policies and screening sheets", (STAFF,)),
    Scope("approvals:read", "查看审批", "Read approvals", (DIVISION,)),
    Scope("audit:read", "查看审计记录", "Read the audit log", (STAFF,)),
    Scope("catalogue:read", "查看民品目录", "Read the civil catalogue", (DIVISION,)),
    Scope("classification:approve", "批准密级变更", "Confirm changes of classification", (STAFF,), second_factor=True),
    Scope("classification:request", "申请密级变更", "Ask for changes of classification", (STAFF,)),
    Scope(
        "clients:manage",
        "登记本单位的程序并管理其密钥",
        "Register the company's programs and keep their secrets",
        (ENTERPRISE,),
    ),
    Scope("customers:move", "变更客户所属细分", "Move customers between segments", (STAFF,)),
    Scope("customers:write", "修改客户资料与服务团队", "Change customers and their account teams", (STAFF,)),
    Scope("equipment:write", "登记装备状态与技术状态", "Record the state and configuration of equipment", (STAFF,)),
    Scope("interactions:write", "登记客户往来", "Log interactions with customers", (STAFF,)),
    Scope("orders:manage", "处理订单：发货、签收、取消", "Ship, deliver and cancel orders", (STAFF,)),
    Scope("orders:place", "为本单位下单与取消订单", "Order for the company, and cancel orders", (ENTERPRISE,)),
    Scope("orders:read", "查看订单", "Read orders", (ENTERPRISE, STAFF)),
    Scope("outcomes:write", "登记技术成果", "Register technology outcomes", (STAFF,)),
    Scope("payments:refund", "退款与处理退货", "Refund payments and handle returns", (STAFF,)),
    Scope("points:adjust", "提出与审批积分调整", "Propose and approve adjustments of points", (STAFF,)),
    Scope("points:liability", "查看积分负债与失效", "Read what is owed in points and what expired", (STAFF,)),
    Scope(
        "points:pool", "管理本单位的积分池及其使用人", "Run the company's points pool and its spenders", (ENTERPRISE,)
    ),
    Scope("points:read", "查看会员积分", "Read members' points", (ENTERPRISE, STAFF)),
    Scope("points:rules", "设置积分计划与规则", "Set points programmes and their rules", (STAFF,)),
    Scope("points:spend", "使用积分", "Spend points", (CONSUMER, ENTERPRISE, STAFF)),
    Scope("points:transfer", "转赠积分", "Give points to other members", (CONSUMER, ENTERPRISE)),
    Scope("products:cost", "查看产品成本", "Read the cost of products", (STAFF,)),
    Scope("programmes:cost", "查看型号经费", "Read the cost of programmes", (STAFF,)),
    Scope("programmes:origin", "查看民品的来源型号", "Read which programme a product comes from", (DIVISION,)),
    Scope("programmes:write", "推进型号阶段与里程碑", "Advance programmes and their milestones", (STAFF,)),
    Scope("rewards:manage", "管理积分兑换目录", "Keep the catalogue of rewards", (STAFF,)),
    Scope("stores:manage", "管理门店：资料、营业时间与店员", "Keep stores: their details, hours and people", (STAFF,)),
    Scope("stores:sell", "门店收银", "Sell at the tills of stores", (STAFF,)),
    Scope("stores:serve", "接待到店客户", "Receive the guests of stores", (STAFF,)),
    Scope("transfer:approve", "审批脱密", "Approve declassification", (DIVISION, STAFF), second_factor=True),
    Scope("transfer:project", "管理转化项目", "Run transfer projects", (DIVISION,)),
    Scope("transfer:read", "查看技术成果与转化进展", "Read technology outcomes and their transfer", (DIVISION,)),
    Scope("transfer:review", "提交脱密审查", "Put outcomes up for declassification", (DIVISION,)),
    Scope("transfer:screen", "筛选技术成果", "Screen technology outcomes", (DIVISION,)),
    Scope("vouchers:manage", "管理优惠券与代金券", "Keep coupons and give vouchers", (STAFF,)),
)

ROLES = (
    Role("representative", "军事代表", "Military representative", MILITARY),
    Role("fleet_officer", "装备管理员", "Fleet officer", MILITARY),
    Role("project_officer", "项目主管", "Project officer", GOVERNMENT),
    Role("buyer", "采购员", "Buyer", ENTERPRISE, ("clients:manage", "orders:place", "points:pool", "points:transfer")),
    Role("catalogue_editor", "民品目录专员", "Editor of civil products", DIVISION, ("catalogue:read",)),
    Role(
        "technology_transfer",
        "技术转化专员",
        "Technology transfer officer",
        DIVISION,
        (
            "approvals:delegate",
            "approvals:read",
            "catalogue:read",
            "programmes:origin",
            "transfer:project",
            "transfer:read",
            "transfer:review",
            "transfer:screen",
        ),
    ),
    Role(
        "declassification_reviewer",
        "脱密审查员",
        "Declassification reviewer",
        DIVISION,
        ("approvals:delegate", "approvals:read", "catalogue:read", "transfer:approve", "transfer:read"),
    ),
    Role(
        "security_officer",
        "保密员",
        "Security officer",
        STAFF,
        ("approvals:delegate", "classification:approve", "classification:request", "transfer:approve"),
    ),
    Role(
        "account_manager",
        "客户经理",
        "Account manager",
        STAFF,
        (
            "customers:write",
            "interactions:write",
            "orders:manage",
            "orders:read",
            "payments:refund",
            "points:adjust",
            "points:read",
        ),
    ),
    Role(
        "sales",
        "销售",
        "Sales",
        STAFF,
        ("interactions:write", "orders:manage", "orders:read", "points:read", "points:spend"),
    ),
    Role("store_assistant", "门店店员", "Store assistant", STAFF, ("orders:read", "stores:sell", "stores:serve")),
    Role(
        "store_manager", "店长", "Store manager", STAFF, ("orders:read", "stores:manage", "stores:sell", "stores:serve")
    ),
    Role("service_engineer", "服务工程师", "Service engineer", STAFF, ("equipment:write", "interactions:write")),
    Role("product_manager", "产品经理", "Product manager", STAFF, ("orders:read", "products:cost")),
    Role(
        "programme_manager",
        "型号主管",
        "Programme manager",
        STAFF,
        (
            "approvals:delegate",
            "classification:request",
            "equipment:write",
            "outcomes:write",
            "programmes:cost",
            "programmes:write",
            "transfer:approve",
        ),
    ),
    Role(
        "department_head",
        "客户关系管理部部长",
        "Head of customer relations",
        STAFF,
        (
            "approvals:delegate",
            "approvals:publish",
            "classification:approve",
            "customers:move",
            "customers:write",
            "equipment:write",
            "interactions:write",
            "orders:manage",
            "orders:read",
            "payments:refund",
            "points:adjust",
            "points:liability",
            "points:read",
            "points:rules",
            "products:cost",
            "programmes:cost",
            "programmes:write",
            "rewards:manage",
            "stores:manage",
            "stores:serve",
            "transfer:approve",
            "vouchers:manage",
        ),
    ),
    Role("system_administrator", "系统管理员", "System administrator", STAFF),
    Role("security_administrator", "安全管理员", "Security administrator", STAFF),
    Role("audit_administrator", "审计管理员", "Audit administrator", STAFF, ("audit:read",)),
)

# What everybody of an audience holds, without any role. A program of theirs holds it only when it asked for it.
EVERYBODYS: dict[Audience, frozenset[str]] = {
    CONSUMER: frozenset({"appointments:book", "points:spend", "points:transfer"}),
    ENTERPRISE: frozenset({"appointments:book", "orders:read", "points:read", "points:spend"}),
}

# 三员: who runs the system, who gives rights in it and who watches both are three people.
SEPARATE_ROLES = ("system_administrator", "security_administrator", "audit_administrator")

SCOPE_NAMES = frozenset(scope.name for scope in SCOPES)
SECOND_FACTOR_SCOPES = frozenset(scope.name for scope in SCOPES if scope.second_factor)
ROLE_SCOPES: dict[str, frozenset[str]] = {role.name: frozenset(role.scopes) for role in ROLES}
AUDIENCE_ROLES: dict[Audience, frozenset[str]] = {
    audience: frozenset(role.name for role in ROLES if role.audience is audience) for audience in Audience
}
AUDIENCE_SCOPES: dict[Audience, frozenset[str]] = {
    audience: frozenset(scope.name for scope in SCOPES if audience in scope.audiences) for audience in Audience
}


def scopes_of(audience: Audience, roles: Iterable[str]) -> frozenset[str]:
    """Every scope a person may hold: their audience's and those of their roles in it. A role of another audience adds none."""
    held = EVERYBODYS.get(audience, frozenset[str]()).union(
        *(ROLE_SCOPES[role] for role in AUDIENCE_ROLES[audience].intersection(roles))
    )
    return held & AUDIENCE_SCOPES[audience]
