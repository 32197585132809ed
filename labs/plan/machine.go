package plan

// MachineNIC is a NIC of a virtual machine: the wire of the interface has another MAC
// address.
type MachineNIC struct {
	Interface string `json:"interface"`
	MAC       string `json:"mac"`
	MTU       int    `json:"mtu"`
}
