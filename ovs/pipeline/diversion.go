package pipeline

// Diversion stands beside an adjacency over which nothing gets through: packets with a
// backup (see Forward) take that instead, however many routes lead to the adjacency.
// Packets without one are treated as before.
type Diversion struct {
	Adjacency uint32
}

// diverting is the bit of reg8 that tells a backup from none.
const diverting = 1 << 31

// Flows returns the flow of the diversion. A backup has none itself, so that packets do
// not circle when both are diverted.
func (d Diversion) Flows() []Flow {
	l := &list{kind: KindDiversion, id: uint64(d.Adjacency)}
	l.add(TableAdjacency, 150, join("reg1="+hex(d.Adjacency), "reg8="+hex(diverting)+"/"+hex(diverting)), join(
		"move:NXM_NX_REG8[0..30]->NXM_NX_REG1[0..30]",
		"move:NXM_NX_REG9[]->NXM_NX_REG2[]",
		setReg(8, 0), resubmit(TableAdjacency),
	))
	return l.flows
}

// backup notes the backup in registers, where only a Diversion reads it.
func (f Forward) backup() string {
	switch {
	case f.Backup == 0:
		return ""
	case f.BackupLabel == 0:
		return setReg(8, diverting|f.Backup)
	}
	return join(setReg(8, diverting|f.Backup), setReg(9, f.BackupLabel))
}

// Protect makes the first of the other paths that leads to another adjacency and takes
// packets of the same size the backup, and reports whether there is one.
func (f *Forward) Protect(others ...Forward) bool {
	for _, o := range others {
		if o.Adjacency != f.Adjacency && o.MTU == f.MTU {
			f.Backup, f.BackupLabel = o.Adjacency, o.Label
			return true
		}
	}
	return false
}
