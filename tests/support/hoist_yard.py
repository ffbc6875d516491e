"""A site of one hoist behind one drive, for journals that a test writes itself."""

HOIST_YARD = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: journal.db}
links: {io: {protocol: modbus-tcp, host: 127.0.0.1, port: 1}}
units: {drive: {link: io, profile: abb_acs380_acs580, device_id: 2, period: 1s}}
devices:
  hoist-1:
    family: hoist
    name: {zh: 国旗升降机, en: National flag hoist}
    signals: {output_frequency: drive.output_frequency, torque: drive.torque}
"""
