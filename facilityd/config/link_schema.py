"""What a site file may say of links: endpoints, serial ports, brokers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from devices.unit import MODBUS_TLS_PORT
from facilityd.config.fields import LONGEST_LOGIN, Port, Secret, Whole
from facilityd.config.hosts import Host, SerialPort
from facilityd.model.measure import Duration, Timeout, within
from facilityd.model.number import number
from facilityd.model.sample import NS
from facilityd.model.text import Strict

Retries = Annotated[
    Literal[0, 1],
    BeforeValidator(number),
    Field(
        description="repeats of a poll without an answer; if not given, 1 on a serial line and 0 elsewhere"
    ),
]


class TlsConfig(Strict):
    """``ca`` is a file, or ``system`` for the system's own list."""

    ca: str = "system"
    certificate: str = ""
    key: str = ""


class ModbusTlsConfig(TlsConfig):
    """The same of Modbus; ``server_name`` is whom the certificate names where that is not ``host``."""

    server_name: Host = Field(
        default="", description="that the server's certificate must have; if not given, host"
    )


class ModbusTcpConfig(Strict):
    """A Modbus TCP endpoint: one device, or a gateway with several behind it."""

    protocol: Literal["modbus-tcp"]
    host: Host
    port: Port = Field(default=502, description="if not given, 802 with tls")
    tls: ModbusTlsConfig | None = Field(
        default=None, description="Modbus/TCP Security; {} for a server that any authority vouches for"
    )
    timeout: Timeout | None = None
    retries: Retries | None = None

    @model_validator(mode="before")
    @classmethod
    def _port_of_tls(cls, told: Any) -> Any:
        served = isinstance(told, dict) and told.get("tls") is not None and "port" not in told
        return {**told, "port": MODBUS_TLS_PORT} if served else told


class ModbusRtuConfig(Strict):
    """A serial bus on a port of this machine."""

    protocol: Literal["modbus-rtu"]
    serial_port: SerialPort
    baudrate: Whole = Field(default=9600, ge=300, le=1_000_000)
    parity: Literal["N", "E", "O"] = "N"
    stopbits: Annotated[Literal[1, 2], BeforeValidator(number)] = 1
    timeout: Timeout | None = None
    retries: Retries | None = None


class ModbusRtuOverTcpConfig(Strict):
    """A serial bus behind a transparent TCP converter; ``baudrate`` is the bus's, for its budget."""

    protocol: Literal["modbus-rtu-over-tcp"]
    host: Host
    port: Port
    baudrate: Whole = Field(default=9600, ge=300, le=1_000_000)
    timeout: Timeout | None = None
    retries: Retries | None = None


def _version(told: object) -> object:
    return str(told) if isinstance(told, int) else told  # 5 needs no quotes


class SparkplugConfig(Strict):
    """How Sparkplug B edge nodes are listened to; nothing is said to them unless an option says so."""

    reorder: Annotated[Duration, AfterValidator(within(0, 60 * NS))] = Field(
        default=2 * NS, description="how long a message that is missing is waited for"
    )
    rebirth: bool = Field(
        default=False,
        description="true: an edge node of this link whose birth was missed is asked for it (NCMD "
        "'Node Control/Rebirth'), and nothing else is sent to it. "
        "true：漏收上线报文时，只向该边缘节点发送重新上线请求"
        "（NCMD “Node Control/Rebirth”），不发送任何其他命令",
    )
    host_id: str = Field(
        default="",
        pattern=r"^[^/+#\s]{1,100}$|^$",
        description="the broker is told under this id that facilityd is there (retained, "
        "spBv1.0/STATE/ID), for nodes that wait for their primary host; unique at this broker. "
        "以此标识发布主站在线状态（保留消息 spBv1.0/STATE/ID），"
        "供等待主站上线的节点使用；在该服务器上不得重复",
    )


class MqttConfig(Strict):
    """A broker."""

    protocol: Literal["mqtt"]
    host: Host
    port: Port = 1883
    version: Annotated[Literal["3.1.1", "5"], BeforeValidator(_version)] = "5"
    client_id: str = Field(default="", max_length=LONGEST_LOGIN)
    username: str = Field(default="", max_length=LONGEST_LOGIN)
    password: Secret | None = None
    tls: TlsConfig | None = None
    qos: Annotated[Literal[0, 1], BeforeValidator(number)] = 1
    sparkplug: SparkplugConfig | None = Field(
        default=None,
        description="{}: its units are Sparkplug B edge nodes (topic: group/node) and devices of theirs "
        "(topic: group/node/device)",
    )


Link = Annotated[
    ModbusTcpConfig | ModbusRtuConfig | ModbusRtuOverTcpConfig | MqttConfig, Field(discriminator="protocol")
]
