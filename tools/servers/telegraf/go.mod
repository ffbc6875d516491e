module facilityd.example/tools/telegraf

go 1.24

tool github.com/influxdata/telegraf/cmd/telegraf

require github.com/influxdata/telegraf v1.37.2
