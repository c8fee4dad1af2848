"""What was said: two years of visits, calls, meetings, forums and messages with every organisation."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from domain.customers.tables import Interaction, InteractionKind, Participant, Segment
from portal.demo.accounts import Relations
from portal.demo.customers import CONFIDENTIAL, Account, Customers
from portal.demo.world import World

DAYS = 730
VISIT, CALL, MEETING, FORUM, MESSAGE = InteractionKind
KINDS = {VISIT: 30, CALL: 30, MEETING: 18, FORUM: 6, MESSAGE: 16}


class Talk(NamedTuple):
    """What a conversation was about; `{}` stands for a matter of the segment."""

    subject: str
    summary: str
    follow_up: str | None = None


TALKS: dict[InteractionKind, tuple[Talk, ...]] = {
    VISIT: (
        Talk(
            "走访：{}使用情况",
            "现场看了{}的使用，总体稳定；客户希望说明书补上冬季使用的章节。",
            "补充冬季使用说明并回复客户",
        ),
        Talk("走访：年度规划", "客户介绍明年安排，{}预计增加；预算在一季度下达。", "按明年数量准备报价"),
        Talk("走访：培训与操作", "新到操作员六人，约定两期培训，第一期讲{}。", "排定培训时间"),
        Talk("回访：上次问题的处理", "{}的故障件已更换，客户认可处理速度，要求举一反三。", None),
    ),
    CALL: (
        Talk("电话：{}交付时间", "客户询问{}的交付时间，已答复按合同节点执行。", None),
        Talk("电话：备件咨询", "询问{}的备件供应周期，反映等待偏长。", "与售后核对备件库存"),
        Talk("电话：续约意向", "客户有意续签维护保障，希望把{}一并纳入。", "两周内提交续签方案"),
        Talk("电话：价格确认", "确认{}的协议价有效期与起订量。", None),
    ),
    MEETING: (
        Talk("会议：{}方案交流", "研发与客户技术人员讨论{}方案，三项意见已记入需求。", "三十日内书面答复三项意见"),
        Talk("会议：双周需求例会", "例会逐项核对未关闭需求，{}一项延期两周，原因已说明。", None),
        Talk("会议：季度服务回顾", "回顾本季度响应时间与一次修复率，{}的故障集中在接插件。", "提交接插件改进计划"),
    ),
    FORUM: (
        Talk("座谈会：用户意见", "多家客户参加，{}的续航与重量是共同关心的问题。", "汇总意见，提交产品规划"),
        Talk("座谈会：军民融合应用", "介绍{}的民用转化，客户提出试用。", "安排试用样机"),
    ),
    MESSAGE: (
        Talk("消息：资料请求", "客户来信索取{}的技术资料，已发公开版本。", None),
        Talk("消息：试用反馈", "试用一周，{}表现符合预期，希望界面字号更大。", None),
        Talk("消息：节日问候与近况", "互致问候，客户提到{}的使用频次上升。", None),
    ),
}
MATTERS = {
    Segment.MILITARY: ("侦察系统", "自组网电台", "指挥车", "观瞄设备", "野战电源", "备件保障"),
    Segment.GOVERNMENT: ("应急通信箱", "救援无人机", "水位监测终端", "指挥调度平台", "救援包", "卫星终端"),
    Segment.ENTERPRISE: ("测绘无人机", "垂直起降固定翼", "智能电池", "航测软件", "巡检机队", "自组网对讲机"),
    Segment.CONSUMER: ("对讲机", "北斗手持终端", "强光手电", "户外电源", "夜视观察仪", "应急包"),
}
INTERNAL_SUFFIX = "（示例记录）"


def make_interactions(world: World, customers: Customers, relations: Relations) -> None:
    """Key accounts are met every few weeks, others a few times a year."""
    for account in customers.organisations:
        often = world.random.randint(24, 40) if account.key_account else world.random.randint(6, 16)
        for days_ago in sorted(world.random.sample(range(DAYS), often), reverse=True):
            _add_interaction(world, account, relations, days_ago)


def _add_interaction(world: World, account: Account, relations: Relations, days_ago: int) -> None:
    day = world.day(days_ago)
    kind = world.weighted(KINDS)
    talk, matter = world.random.choice(TALKS[kind]), world.random.choice(MATTERS[account.segment])
    manager = relations.manager_on(account.id, day)
    at = world.working_hour(day)
    due = None if talk.follow_up is None else world.day(days_ago - world.random.choice((7, 14, 30)))
    settled = due is not None and days_ago > 3 and (days_ago > 60 or world.chance(0.3))
    done_at = world.working_hour(world.day(max(days_ago - world.random.randint(2, 40), 0))) if settled else None
    secret = account.segment is Segment.MILITARY and kind is MEETING and world.storable(CONFIDENTIAL)
    degree = max(account.degree, CONFIDENTIAL if secret else account.degree, key=lambda degree: degree.rank)
    guard = {"customer_id": account.id, "classification": degree, "compartments": list(account.compartments)}
    interaction = world.add(
        Interaction,
        kind=kind,
        at=at,
        subject=talk.subject.format(matter),
        summary=talk.summary.format(matter) + INTERNAL_SUFFIX,
        recorded_by_id=manager,
        follow_up=talk.follow_up,
        follow_up_on=due,
        followed_up_at=done_at,
        created_at=at,
        **guard,
    )
    present: list[dict[str, UUID | None]] = [{"contact_id": None, "employee_id": manager}]
    answering = relations.contacts_on(account.id, day)
    met = world.some(answering, 1, 3 if kind in {VISIT, MEETING, FORUM} else 1) if answering else []
    present += [{"contact_id": contact, "employee_id": None} for contact in met]
    for party in present:
        world.add(Participant, interaction_id=interaction, **party, **guard)
