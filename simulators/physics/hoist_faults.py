"""What can go wrong with a hoist: the catalogue's H1-H24 as far as they live in the machine itself.

H20 is the weather's fault ``storm``; the silence of H24 is a protocol hazard.
"""

from __future__ import annotations

from simulators.physics.base import Fault, fault

HOIST_FAULTS: dict[str, Fault] = {
    "over-travel": fault("H1", "上限位不动作", "the upper limit does not act", "m beyond the top", 0.4),
    "limit-stuck": fault("H2", "上限位卡在动作位", "the upper limit sticks in its active position"),
    "limit-wire-broken": fault("H3", "上极限位断线", "the wire of the over-travel limit is broken"),
    "brake-stays-closed": fault("H4", "制动器打不开", "the brake's coil gets no current"),
    "brake-slips": fault("H5", "制动器抱不紧", "the brake holds weakly", "mm/min of creep", 60.0),
    "brake-stays-open": fault("H5", "制动器不闭合", "the brake does not close, a worm gear holds the flag"),
    "brake-worn": fault("H6", "制动器磨损", "the brake is worn", "share added to its delays", 0.6),
    "jam": fault("H7", "钢丝绳卡阻", "rope or truck jams", "N added to the tension", 450.0),
    "slack": fault("H8", "断绳或松绳", "the rope is slack or broken", "share of the tension lost", 0.95),
    "rope-worn": fault("H9", "钢丝绳到寿命", "the rope is at the end of its life", "cycles added", 20_000.0),
    "trip": fault("H10", "变频器跳闸", "the drive trips", "code; 1: overcurrent"),
    "phase-loss": fault("H11", "供电缺相", "a phase of the supply is missing", "V missing on L2", 215.0),
    "supply-high": fault("H11", "直流母线电压高", "the DC link is high", "V", 130.0),
    "motor-hot": fault("H12", "电机过热", "the motor overheats", "K added", 90.0, 300.0),
    "encoder-frozen": fault("H13", "编码器冻结", "the encoder's value stands still"),
    "encoder-jumps": fault("H13", "编码器跳变", "the encoder's value jumps", "m", 2.0),
    "drum-slips": fault(
        "H14", "卷筒或联轴器打滑", "coupling or drum slips", "share of the travel lost", 0.04
    ),
    "bearing-worn": fault("H15", "轴承磨损", "motor or gearbox bearing is worn", "mm/s added", 4.0, 600.0),
    "oil-cold": fault("H16", "减速机油冷或缺油", "the gearbox oil is cold or low", "A added at run-up", 2.0),
    "runs-slow": fault("H17", "升降用时偏差", "the run takes too long", "share of the speed lost", 0.04),
    "stick-slip": fault("H18", "升降爬行", "the flag moves unevenly", "% of torque ripple", 14.0),
    "estop": fault("H19", "急停未复位", "an emergency-stop button is latched"),
    "left-local": fault("H19", "停在就地控制", "the key was left on local"),
    "load-cell": fault("H21", "称重传感器断线", "the load cell's wire is broken"),
    "load-cell-drift": fault("H21", "称重传感器零漂", "the load cell's zero drifts", "N", 120.0, 3600.0),
    "flag-foul": fault("H22", "旗面缠绕", "the flag is foul of the pole"),
    "blower-off": fault("H23", "杆内鼓风机停转", "the in-pole blower stands still"),
    "blower-idle": fault("H23", "鼓风机皮带断", "the blower's belt has come off", "A missing", 4.0),
    "timetable-off": fault("H24", "升降时刻偏差", "the ceremony starts at the wrong time", "min late", 6.0),
}

FLAGPOLE_FAULTS: dict[str, Fault] = {
    "over-travel": fault("H1", "上限位不动作", "the upper limit does not act", "s of running on", 5.0),
    "limit-stuck": fault("H2", "上限位卡在动作位", "the upper limit sticks in its active position"),
    "limit-wire-broken": fault("H3", "下限位断线", "the wire of the lower limit is broken"),
    "brake-stays-closed": fault("H4", "制动器打不开", "the brake's coil gets no current"),
    "jam": fault("H7", "绳索卡阻", "the halyard jams", "% of torque added", 40.0),
    "rope-worn": fault("H9", "绳索到寿命", "the halyard is at the end of its life", "cycles added", 20_000.0),
    "trip": fault("H10", "变频器跳闸", "the drive trips", "code"),
    "supply": fault("H11", "直流母线电压低", "the DC link sags", "V missing", 150.0),
    "left-local": fault("H19", "停在就地控制", "the drive was left in local"),
    "base-tilt": fault("", "杆基倾斜", "the pole's base tilts", "degrees", 0.6, 600.0),
}
