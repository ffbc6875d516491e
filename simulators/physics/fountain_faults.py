"""What can go wrong with a fountain: F1-F22. F20 and F21 need weather too: a storm, a cold night."""

from __future__ import annotations

from simulators.physics.base import Fault, fault

FOUNTAIN_FAULTS: dict[str, Fault] = {
    "leakage": fault("F1", "水泵或水下灯漏电", "pump or underwater lamp leaks to earth", "A", 0.02, 60.0),
    "does-not-run": fault("F2", "漏保或断路器跳闸", "the breaker has tripped: no power at the pump"),
    "dry-running": fault("F3", "水泵干转", "the pump runs dry", "share of the flow lost", 1.0),
    "strainer-clogged": fault(
        "F4", "进水滤网堵塞", "the strainer is clogged", "share of the flow lost", 0.35, 600.0
    ),
    "nozzle-clogged": fault("F5", "喷嘴堵塞", "a nozzle is clogged", "share of the flow lost", 0.3, 600.0),
    "blocked": fault("F6", "叶轮卡死", "debris blocks the impeller"),
    "impeller-worn": fault("F7", "叶轮磨损", "the impeller is worn", "share of the head lost", 0.2),
    "hot": fault("F8", "电机过热", "the motor overheats", "K added", 90.0),
    "bearing-worn": fault("F9", "轴承磨损", "a bearing is worn", "mm/s added", 5.0, 600.0),
    "seal-leaks": fault(
        "F10", "机械密封漏水", "the shaft seal leaks", "A of leakage after an hour", 0.004, 3600.0
    ),
    "cavitation": fault("F11", "汽蚀或吸入空气", "cavitation or air", "share", 1.0),
    "phase-loss": fault("F12", "缺相或不平衡", "phase missing or unbalanced", "share of L2 lost", 0.3),
    "trip": fault("F13", "变频器跳闸", "the drive trips", "alarm code; 1: blocked"),
    "check-valve-leaks": fault("F14", "止回阀泄漏", "the check valve leaks", "rpm backwards", 320.0),
    "valve-stuck": fault("F15", "电磁阀卡住", "the jet's valve is stuck closed"),
    "level-loss": fault("F16", "水池漏水", "the basin loses water", "m/h", 0.25),
    "make-up-stuck": fault("F17", "补水阀关不上", "the make-up valve is stuck open", "m³/h", 6.0),
    "level-frozen": fault("F18", "液位计冻结", "the level transmitter stands still"),
    "level-wrong": fault("F18", "液位计偏差", "the level transmitter is off", "m", -0.8),
    "water-bad": fault("F19", "水质异常", "the water is bad", "NTU added", 40.0, 3600.0),
    "ph-off": fault("F19", "酸碱度异常", "the water's pH is off", "pH added", 1.6, 3600.0),
    "ignores-wind": fault("F20", "大风时水柱不降", "the jets stay high in the wind"),
    "chamber-cold": fault("F21", "泵房无采暖", "the chamber's heating is off", "K below the air", 3.0),
    "flood": fault("F22", "泵房进水", "water stands in the chamber"),
}
