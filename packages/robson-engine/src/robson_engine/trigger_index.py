"""Which positions of a pair a price concerns, in two integer comparisons.

Positions that share a best price form a group; inside it the smallest distance has the
tightest stop. Both sides are kept in one orientation, ``key = ticks`` for longs and
``key = -ticks`` for shorts, so that everywhere a larger key is better and a position exits at
``key <= best - distance``.

Invariants (property-tested against a scan of all positions):
    1. A price strictly between ``low`` and ``high`` neither exits nor raises anybody.
    2. ``offer`` returns exactly the positions whose old stop is at or beyond the price.
    3. Nobody that exits at a price is raised by it.
"""

from __future__ import annotations

import heapq
from bisect import insort
from typing import Final, NamedTuple

import attrs

from robson_domain import PositionId, Side

FAR: Final = 1 << 80
"""Beyond every price and every time."""
Member = tuple[int, int, PositionId]
"""(distance in ticks, order of arrival, position)."""
Hit = tuple[int, PositionId]
"""(best price when hit, position)."""


@attrs.define(eq=False)
class Group:
    """Positions with one best price.

    Attributes:
        best: Their best price as a key.
        members: Ascending by distance, so the first exits first.
        due: No raised stop is to be logged before this time, UTC ns.
        soonest: Not before this time could a stop be logged if all were raised now, UTC ns.
        is_dirty: Whether ``best`` was raised since it was logged.
    """

    best: int
    members: list[Member]
    due: int = FAR
    soonest: int = FAR
    is_dirty: bool = False

    @property
    def stop(self) -> int:
        """Tightest stop of the group, as a key."""
        return self.best - self.members[0][0]


class Lone(NamedTuple):
    """A group that is all there is, for who follows it by integers of their own.

    Attributes:
        sign: 1 for longs, -1 for shorts.
        best: Its best price in ticks.
        reach: Its smallest distance.
        soonest: Not before this time could a stop be logged if all were raised now, UTC ns.
        due: No raised stop is to be logged before this time, UTC ns.
        member: Its only member, None when it has several.
    """

    sign: int
    best: int
    reach: int
    soonest: int
    due: int
    member: PositionId | None


class SideIndex:
    """The groups of one side, best ascending from the end of the list."""

    __slots__ = ("_arrivals", "_groups", "_heap", "_logged", "_of", "best_min", "due", "stop_max")

    def __init__(self) -> None:
        self._groups: list[Group] = []  # best descending: the lowest is popped from the end
        self._heap: list[tuple[int, int, Group]] = []  # (-stop, tie, group), stale ones skipped
        self._of: dict[PositionId, tuple[Group, Member]] = {}
        self._logged: dict[PositionId, tuple[int, int]] = {}  # (best key, next log not before)
        self._arrivals = 0
        self.best_min = FAR
        self.stop_max = -FAR
        self.due = FAR

    def __len__(self) -> int:
        return len(self._of)

    def best_of(self, position: PositionId) -> int | None:
        """Return the best key of a member, None for a stranger."""
        found = self._of.get(position)
        return found[0].best if found else None

    def put(self, position: PositionId, best: int, distance: int, due: int) -> None:
        """Add a position whose logged best is ``best``, or tell that it was logged again."""
        found = self._of.get(position)
        self._logged[position] = (best, due)
        if found is not None:
            if found[0].best == best and found[1][0] == distance:
                self._logged_again(found[0], due)
                return
            self.remove(position)
            self._logged[position] = (best, due)
        self._arrivals += 1
        member = (distance, self._arrivals, position)
        group = self._group_at(best)
        insort(group.members, member)
        group.soonest = min(group.soonest, due)
        self._of[position] = (group, member)
        self._push(group)
        self._refresh()

    def _logged_again(self, group: Group, due: int) -> None:
        if len(group.members) > 1:
            group.soonest = min(group.soonest, due)
            return
        # Alone: what is logged is all there is to log, and nobody else is due sooner.
        group.soonest, group.due, group.is_dirty = due, FAR, False
        self._refresh_due()

    def remove(self, position: PositionId) -> bool:
        """Forget a position; False for a stranger, which is no error."""
        found = self._of.pop(position, None)
        if found is None:
            return False
        group, member = found
        del self._logged[position]
        group.members.remove(member)
        if group.members:
            self._push(group)
        else:
            self._groups.remove(group)
        self._refresh()
        return True

    def hit(self, key: int) -> list[Hit]:
        """Take out and return every member whose stop is at or beyond ``key``, by arrival."""
        taken: list[tuple[int, int, PositionId]] = []
        while (group := self._tightest()) is not None and group.stop >= key:
            reach = group.best - key
            while group.members and group.members[0][0] <= reach:
                _, arrival, position = group.members.pop(0)
                taken.append((arrival, group.best, position))
            if group.members:
                self._push(group)
            else:
                self._groups.remove(group)
        for _, _, position in taken:
            del self._of[position], self._logged[position]
        self._refresh()
        return [(best, position) for _, best, position in sorted(taken)]

    def lift(self, position: PositionId, key: int) -> None:
        """Raise one member alone; what was logged of it stays as it was."""
        logged = self._logged[position]
        distance = self._of[position][1][0]
        self.remove(position)
        self.put(position, key, distance, logged[1])
        self._logged[position] = logged
        group = self._of[position][0]
        group.due = min(group.due, logged[1])
        group.is_dirty = True
        self._refresh_due()

    def raise_to(self, key: int) -> None:
        """Raise everybody below ``key`` (above ``best_min``) to it, merging their groups."""
        group = self._groups.pop()
        while self._groups and self._groups[-1].best <= key:
            other = self._groups.pop()
            if len(other.members) > len(group.members):
                group, other = other, group
            group.members.extend(other.members)
            group.members.sort()
            group.soonest = min(group.soonest, other.soonest)
            for member in other.members:
                self._of[member[2]] = (group, member)
            other.members = []
        group.best = key
        group.due = group.soonest
        group.is_dirty = True
        if not self._groups:
            self._alone(group)
            return
        self._groups.append(group)
        self._push(group)
        self._refresh()

    def _alone(self, group: Group) -> None:
        """Take ``group`` as the only one: nothing has to be searched."""
        self._groups.append(group)
        self._heap = [(-group.stop, 0, group)]
        self.best_min, self.stop_max, self.due = group.best, group.stop, group.due

    def take_due(self, ts: int) -> list[Member]:
        """Return the members raised since they were logged whose next log is due at ``ts``."""
        found: list[Member] = []
        if ts < self.due:
            return found
        for group in self._groups:
            if group.is_dirty:
                found += self._due_in(group, ts)
        self._refresh_due()
        return found

    def _due_in(self, group: Group, ts: int) -> list[Member]:
        logged = self._logged
        if len(group.members) == 1:
            return self._due_alone(group, ts)
        waiting = [m for m in group.members if logged[m[2]][0] != group.best]
        group.is_dirty = bool(waiting)
        group.due = min((logged[member[2]][1] for member in waiting), default=FAR)
        # Over all members, waiting or not: the next raise makes every one of them wait.
        group.soonest = min(logged[member[2]][1] for member in group.members)
        return [member for member in waiting if logged[member[2]][1] <= ts]

    def _due_alone(self, group: Group, ts: int) -> list[Member]:
        # What _due_in comes to for one member, without the lists.
        best, due = self._logged[group.members[0][2]]
        group.is_dirty, group.soonest = best != group.best, due
        group.due = due if group.is_dirty else FAR
        return [group.members[0]] if group.due <= ts else []

    def _group_at(self, best: int) -> Group:
        place = len(self._groups)
        while place and self._groups[place - 1].best < best:
            place -= 1
        if place and self._groups[place - 1].best == best:
            return self._groups[place - 1]
        group = Group(best=best, members=[], due=FAR)
        self._groups.insert(place, group)
        return group

    def _push(self, group: Group) -> None:
        self._arrivals += 1
        heapq.heappush(self._heap, (-group.stop, self._arrivals, group))
        if len(self._heap) > 4 * len(self._groups) + 16:
            self._heap = [(-g.stop, i, g) for i, g in enumerate(self._groups)]
            heapq.heapify(self._heap)

    def _tightest(self) -> Group | None:
        while self._heap:
            stop, _, group = self._heap[0]
            if group.members and -stop == group.stop:
                return group
            heapq.heappop(self._heap)
        return None

    def _refresh(self) -> None:
        group = self._tightest()
        self.stop_max = group.stop if group else -FAR
        self.best_min = self._groups[-1].best if self._groups else FAR
        self._refresh_due()

    def _refresh_due(self) -> None:
        if len(self._groups) == 1:
            group = self._groups[0]
            self.due = group.due if group.is_dirty else FAR
            return
        self.due = min((group.due for group in self._groups if group.is_dirty), default=FAR)


def _arrival(member: Member) -> int:
    return member[1]


class TriggerIndex:
    """Both sides of one pair, and the open interval of prices that concern nobody.

    Attributes:
        low: Prices at or below it (ticks) concern somebody.
        high: Prices at or above it concern somebody.
        due: Time from which a raised stop is to be logged, UTC ns.
        mark: Last market trade id that this process was shown; 0 after a restart.
        mark_max: Largest mark of a position; older back-filled trades do not concern it.
        opened_max: Latest venue time a position was opened at, UTC ns; likewise.
    """

    __slots__ = (
        "_longs", "_shorts", "due", "high", "low", "mark", "mark_max", "opened_max", "sides",
    )  # fmt: skip

    def __init__(self) -> None:
        self._longs, self._shorts = SideIndex(), SideIndex()
        self.sides = {Side.LONG: self._longs, Side.SHORT: self._shorts}
        self.low, self.high, self.due = -FAR, FAR, FAR
        self.mark = 0
        self.mark_max = 0
        self.opened_max = 0

    def best_ticks(self, position: PositionId, side: Side) -> int | None:
        """Return the best price of a member in ticks, None for a stranger."""
        key = self.sides[side].best_of(position)
        return None if key is None else key * side.sign

    def follow(self, position: PositionId, side: Side, stop: int, due: int) -> bool:
        """Tell that a member was logged again, its stop at ``stop`` ticks; False for a stranger."""
        mine = self.sides[side]
        found = mine._of.get(position)
        if found is None:
            return False
        distance = found[1][0]
        mine.put(position, stop * side.sign + distance, distance, due)
        self._refresh()
        return True

    def put(self, position: PositionId, side: Side, levels: tuple[int, int], due: int) -> None:
        """Add or refresh a position with ``levels`` = (best ticks, distance ticks)."""
        best, distance = levels
        self.sides[side].put(position, best * side.sign, distance, due)
        self._refresh()

    def remove(self, position: PositionId, side: Side) -> None:
        """Forget a position; a stranger is no error."""
        if self.sides[side].remove(position):
            self._refresh()

    def offer(self, ticks: int, *, may_raise: bool = True) -> list[Hit]:
        """Test every stop against a price, then raise who survives; return who is hit.

        The hit ones are out of the index: (best in ticks, position), longs first, by arrival.
        """
        longs, shorts = self._longs, self._shorts
        taken = longs.hit(ticks) if ticks <= longs.stop_max else []
        if -ticks <= shorts.stop_max:
            taken += [(-best, position) for best, position in shorts.hit(-ticks)]
        if may_raise:
            if ticks > longs.best_min:
                longs.raise_to(ticks)
            if -ticks > shorts.best_min:
                shorts.raise_to(-ticks)
        self._refresh()
        return taken

    def lone(self) -> Lone:
        """Return the only group there is; when there is none or several, one that never rises."""
        longs, shorts = self._longs._groups, self._shorts._groups
        if len(longs) + len(shorts) != 1:
            return Lone(1, 0, 0, -FAR, self.due, None)
        mine, sign = (self._longs, 1) if longs else (self._shorts, -1)
        group = mine._groups[0]
        best, reach, key = group.best * sign, group.members[0][0], group.members[0][2]
        if len(group.members) > 1:
            return Lone(sign, best, reach, group.soonest, self.due, None)
        logged, due = mine._logged[key]
        return Lone(sign, best, reach, due, FAR if logged == group.best else due, key)

    def due_alone(self, ts: int) -> tuple[PositionId, int, int] | None:
        """Return (position, best, stop), in ticks, of the only member when it is to be logged.

        None says no more than that :meth:`take_due` has to be asked.
        """
        mine, other, sign = self._longs, self._shorts, 1
        if other.due <= ts:
            mine, other, sign = other, mine, -1
        if len(mine._of) != 1 or other.due <= ts:
            return None
        group = mine._groups[0]
        key = group.members[0][2]
        best, due = mine._logged[key]
        if best == group.best or due > ts:
            return None
        return key, group.best * sign, group.stop * sign

    def lift(self, position: PositionId, side: Side, ticks: int) -> None:
        """Raise one member to a price that concerns it alone."""
        self.sides[side].lift(position, ticks * side.sign)
        self._refresh()

    def take_due(self, ts: int) -> list[PositionId]:
        """Return whose raised stops are to be logged at ``ts``, longs first, by arrival."""
        found: list[PositionId] = []
        for side in self.sides.values():
            found += [member[2] for member in sorted(side.take_due(ts), key=_arrival)]
        self._refresh()
        return found

    def _refresh(self) -> None:
        longs, shorts = self._longs, self._shorts
        # Conditions, not ``min`` and ``max``: they are three times as fast, and this is done often.
        low, floor = longs.stop_max, -shorts.best_min - 1
        high, ceiling = longs.best_min + 1, -shorts.stop_max
        self.low = low if low > floor else floor
        self.high = high if high < ceiling else ceiling
        self.due = longs.due if longs.due < shorts.due else shorts.due
