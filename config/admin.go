package config

import "fmt"

// DefaultAdminListen is out of reach for other machines.
const DefaultAdminListen = "127.0.0.1:8080"

// Admin is the local interface for the user's commands and for monitoring.
type Admin struct {
	// Where the interface is served over HTTP, written as listen is; only this machine may reach it.
	Listen string `yaml:"listen" form:"listen" zero:"no interface"`
}

func defaultAdmin() Admin { return Admin{Listen: DefaultAdminListen} }

func (a Admin) validate(r *rules) {
	r.require(a.Listen == "" || loopback(a.Listen),
		fmt.Sprintf("admin.listen (%s) can be reached by other machines, from which nothing protects it: "+
			"it has to be a loopback address, such as %s", a.Listen, DefaultAdminListen),
		"admin.listen")
}

// loopback says whether only this machine reaches a listen address.
func loopback(listen string) bool {
	host, _, err := splitHostPort(listen)
	return err == nil && listenIP(host).IsLoopback()
}
