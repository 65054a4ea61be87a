package main

import (
	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"

	"alakazaam/config"
)

// warnOfDescriptors says where the system lets this process open fewer files than its limits allow connections. Go has
// raised the limit as far as it may be.
func warnOfDescriptors(c config.Config, log logrus.FieldLogger) {
	var most unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &most) != nil || most.Cur >= uint64(c.Limits.Connections) {
		return
	}
	log.WithFields(logrus.Fields{"key": "limits.connections", "connections": c.Limits.Connections, "open_files": most.Cur}).
		Warn("this process may open fewer files than limits.connections allows connections: raise its limit (ulimit -n, LimitNOFILE=), or lower the key")
}
