"""Technology outcomes of the programmes, on every stage of their way to civil products."""

from __future__ import annotations

from collections.abc import Sequence

from domain.transfer.tables import OutcomeOriginal, TechnologyOutcome, TransferStage
from portal.demo.employees import Staff
from portal.demo.programmes import SERIES, Made
from portal.demo.transfer_work import Card, Topic, make_civil
from portal.demo.world import SYNTHETIC, World
from segments.classification import Classification

REGISTERED, SCREENED, REVIEWING, DECLASSIFIED, TRANSFERRING, PRODUCT = TransferStage
PUBLIC, INTERNAL, CONFIDENTIAL, SECRET, TOP_SECRET = Classification


TOPICS = (
    Topic("QL", "小型旋翼平台高精度导航", "测绘与线路巡检无人机的厘米级定位", 9),
    Topic("QL", "长航时固定翼气动外形", "输油管线与林区的长距离巡护", 8),
    Topic("QL", "图像稳定与目标跟踪", "应急救援中的人员搜寻与测温", 7),
    Topic("QL", "抗风悬停控制律", "风电叶片与桥梁检测", 8),
    Topic("YS", "垂直起降转换控制", "海岛与山区的物资投送", 7),
    Topic("YS", "折叠旋翼机构", "便携式测绘无人机", 6),
    Topic("YS", "自主起降引导", "无人值守机巢巡检", 8),
    Topic("LS", "无中心自组网协议栈", "应急救援现场的对讲与数据回传", 8),
    Topic("LS", "窄带抗干扰波形", "矿山与隧道通信", 7),
    Topic("LS", "低功耗中继节点", "森林防火监测组网", 7),
    Topic("AZ", "机动平台快速架设天线", "灾区应急通信车", 8),
    Topic("AZ", "多链路融合网关", "现场指挥的公网与专网互通", 7),
    Topic("AZ", "车载供电与减振", "移动医疗与检测车", 6),
    Topic("SW", "非制冷红外成像", "林区防火、电力巡检、建筑测温", 7),
    Topic("SW", "多光谱融合显示", "夜间巡护与果园测报", 6),
    Topic("SW", "轻量化观瞄光机结构", "户外望远与测距", 7),
    Topic("TX", "低空小目标探测", "机场净空与大型活动保障", 7),
    Topic("TX", "相控阵波束控制", "气象与水文雷达", 6),
    Topic("TX", "杂波抑制算法", "港口与航道监视", 6),
    Topic("XJ", "轻质复合防护材料", "消防与矿山的个人防护", 6),
    Topic("XJ", "柔性防割织物", "警用与工业手套", 8),
    Topic("XJ", "缓冲吸能结构", "运动护具与儿童座椅", 7),
    Topic("FZ", "宽温锂电管理", "高寒地区储能与电动工具", 8),
    Topic("FZ", "静音野战供电", "露营与移动医疗电源", 8),
    Topic("FZ", "快速并机控制", "应急供电车与社区保电", 7),
    Topic("BC", "多模卫星导航抗遮挡", "农机自动驾驶", 8),
    Topic("BC", "微型惯导组合", "管道内检测与测绘", 6),
    Topic("BC", "授时与同步模块", "电网与通信基站授时", 7),
    Topic("CG", "低照度照明光源", "夜间施工与救援照明", 9),
    Topic("CG", "可见光通信原型", "地下停车场导引", 4),
    Topic("CG", "便携式升降灯塔", "抢险现场照明", 8),
)
# The lots of outcomes a topic has led to; most stay early.
EDITIONS = ("", "第二期", "改进")
STAGES = {REGISTERED: 24, SCREENED: 22, REVIEWING: 14, DECLASSIFIED: 12, TRANSFERRING: 10, PRODUCT: 8}


def make_transfer(world: World, programmes: Sequence[Made], staff: Staff) -> None:
    """Outcomes with all that has been done about them; people must be there."""
    make_civil(world, make_outcomes(world, programmes, staff))


def make_outcomes(world: World, programmes: Sequence[Made], staff: Staff) -> list[Card]:
    """Several outcomes of each topic, whose programme this installation holds."""
    cards: list[Card] = []
    for edition in EDITIONS:
        for topic in TOPICS:
            sources = [made for made in programmes if made.plan.code.startswith(f"{topic.series}-")]
            if sources:
                cards.append(_make_outcome(world, topic, edition, len(cards), _source(world, sources), staff))
    return cards


def _source(world: World, sources: Sequence[Made]) -> Made:
    """The programme an outcome comes from: most often one that needs no special knowledge."""
    likely = [1 if made.compartments or made.degree.rank > CONFIDENTIAL.rank else 5 for made in sources]
    return world.random.choices(sources, likely)[0]


def _make_outcome(world: World, topic: Topic, edition: str, number: int, source: Made, staff: Staff) -> Card:
    guard = {"classification": source.degree, "compartments": source.compartments}
    stage = world.weighted(STAGES)
    registered, since = world.day(world.random.randint(200, 900)), world.day(world.random.randint(2, 190))
    entered = world.working_hour(since)
    retained = stage in {SCREENED, REVIEWING} and world.chance(0.3)
    outcome = world.add(
        TechnologyOutcome,
        programme_id=source.id,
        owner_id=world.random.choice(staff.titled("主任设计师")),
        code=f"JG-{registered.year}-{number + 1:03}",
        domain=SERIES[topic.series].domain,
        civil_use=topic.civil_use,
        readiness=max(1, topic.readiness - EDITIONS.index(edition)),
        stage=stage,
        stage_since=entered,
        retained_at=entered if retained else None,
        registered_at=world.working_hour(registered),
        version=1,
        updated_at=entered,
        **guard,
    )
    world.add(
        OutcomeOriginal,
        outcome_id=outcome,
        title=topic.title + edition,
        text=f"{source.series.name}系列研制中形成：{topic.title}{edition}。指标、算法与工艺见所附技术报告。{SYNTHETIC}",
        recorded_at=world.working_hour(registered),
        **guard,
    )
    return Card(outcome, topic, stage, since, retained, source.id, source.degree, source.compartments)
