package bgp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	api "github.com/osrg/gobgp/v3/api"
	packet "github.com/osrg/gobgp/v3/pkg/packet/bgp"

	"pseudowan/bgp/vpn"
)

// ribOf lists the paths to destinations. An RD that the engine does not read as it was
// written is looked for among all.
func (e *engine) ribOf(ctx context.Context, family vpn.Family, to []Destination) (paths []RIBPath, err error) {
	var named []*api.TableLookupPrefix
	for _, d := range to {
		if l, ok := lookupOf(d); ok {
			named = append(named, l)
			continue
		}
		all, bad := e.rib(ctx, family, &api.TableLookupPrefix{Prefix: d.Prefix.String()})
		err = errors.Join(err, bad)
		paths = append(paths, slices.DeleteFunc(all, func(p RIBPath) bool { return p.RD != d.RD })...)
	}
	if len(named) == 0 {
		return paths, err
	}
	found, bad := e.rib(ctx, family, named...)
	return append(paths, found...), errors.Join(err, bad)
}

// lookupOf names a destination to the engine, which knows RDs only by their text; false if
// it would read the text as another RD.
func lookupOf(d Destination) (*api.TableLookupPrefix, bool) {
	octets := d.RD.Bytes()
	text := d.RD.String()
	if binary.BigEndian.Uint16(octets[:]) == packet.BGP_RD_FOUR_OCTET_AS { // in asdot notation (RFC 5396)
		number := func(at int) uint16 { return binary.BigEndian.Uint16(octets[at:]) }
		text = fmt.Sprintf("%d.%d:%d", number(2), number(4), number(6))
	}
	rd, err := packet.ParseRouteDistinguisher(text)
	if err != nil {
		return nil, false
	}
	read, err := rd.Serialize()
	return &api.TableLookupPrefix{Prefix: d.Prefix.String(), Rd: text}, err == nil && slices.Equal(read, octets[:])
}
