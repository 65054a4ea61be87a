package config

// DefaultAdminListen is out of reach for other machines.
const DefaultAdminListen = "127.0.0.1:8080"

// Admin is the local interface for the user's commands and for monitoring.
type Admin struct {
	// Where the interface is served over HTTP, written as listen is.
	Listen string `yaml:"listen" form:"listen" zero:"no interface"`
}

func defaultAdmin() Admin { return Admin{Listen: DefaultAdminListen} }
