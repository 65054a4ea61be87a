package config

// Advertise is what others are told about where this node is. What is empty is found out when the node starts.
type Advertise struct {
	// The IPv4 address at which others reach this node.
	IPv4 string `yaml:"ipv4" form:"ipv4" zero:"found out at start"`
	// The IPv6 address at which others reach this node.
	IPv6 string `yaml:"ipv6" form:"ipv6" zero:"found out at start"`
	// The TCP port at which others reach this node.
	Port uint16 `yaml:"port" range:"0..65535" unit:"port" zero:"that of listen"`
}
