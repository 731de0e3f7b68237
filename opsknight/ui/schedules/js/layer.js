// One layer while it is written: who, in which order, how long a turn is, in which hours.
import { initials, plural } from "./words.js";
import { hourWords, layerWords, moved, UNITS, WEEKDAYS } from "./draft.js";

const cross = (word, run) => `<button type="button" class="ok-tool" aria-label="${word}" @click="${run}"><span class="ok-icon ok-icon-close" aria-hidden="true"></span></button>`;
const arrow = (way, label, disabled, run) => `<button type="button" class="ok-tool" :aria-label="${label}" :disabled="${disabled}" @click="${run}"><span class="ok-icon ok-icon-chevron${way === "up" ? " ok-turned-up" : ""}" aria-hidden="true"></span></button>`;

export const LayerForm = {
  props: { layer: Object, id: String, first: Boolean, last: Boolean, shadow: Boolean, alone: Boolean, people: Array, names: Object, colours: Object, zones: Array, zone: String, open: Boolean },
  emits: ["change", "move", "remove", "shadow", "grab", "toggle"],
  template: `
  <section class="ok-layer" :aria-label="'Layer ' + layer.name" :data-open="open || null">
    <header>
      <span class="ok-grip" draggable="true" title="Drag to reorder; the arrows do the same" aria-hidden="true" @dragstart="$emit('grab', $event)"></span>
      <button type="button" class="ok-layer-open" :aria-expanded="String(open)" @click="$emit('toggle')"><b>{{ layer.name || 'Without a name' }}</b><small>{{ layerWords(layer) }}</small></button>
      <span class="ok-layer-tools">${arrow("up", "'Move ' + layer.name + ' up'", "first", "$emit('move', -1)")}${arrow("down", "'Move ' + layer.name + ' down'", "last", "$emit('move', 1)")}</span>
    </header>
    <div v-if="open" class="ok-layer-body">
      <div class="ok-field"><label :for="id + '-name'">Name of the layer</label><input :id="id + '-name'" class="ok-input" :value="layer.name" maxlength="100" autocomplete="off" @input="set('name', $event.target.value)"></div>
      <p v-if="layer.imported" class="ok-muted">It has {{ plural(layer.shifts.length, 'shift') }} from the calendar “{{ layer.imported }}” and follows it, whatever the layer is called. It cannot be a shadow; without the layer the calendar is not imported any more.</p>
      <p v-else-if="layer.kind === 'fixed'" class="ok-muted">Its {{ plural(layer.shifts.length, 'shift') }} were written down one by one, as an imported calendar is. They are kept as they are.</p>
      <template v-else>
        <fieldset><legend>People, in the order of their turns</legend>
          <ol class="ok-groups"><li v-for="(group, i) in layer.groups" :key="group.join() + i" class="ok-group" @dragover.prevent @drop.stop="drop(i)">
            <span class="ok-grip" draggable="true" aria-hidden="true" @dragstart.stop="held = i"></span><span class="ok-group-number ok-tab">{{ i + 1 }}</span>
            <span class="ok-group-people"><span v-for="user in group" :key="user" class="ok-chip"><i :data-who="colours[user]" aria-hidden="true">{{ initials(names[user]) }}</i><span>{{ names[user] ?? user }}</span><button type="button" :aria-label="'Remove ' + (names[user] ?? user)" @click="leave(i, user)"><span class="ok-icon ok-icon-close" aria-hidden="true"></span></button></span>
              <select class="ok-select ok-with" :aria-label="'Together with ' + group.map((user) => names[user]).join(' and ')" @change="join(i, $event)"><option value="">+ together with…</option><option v-for="one in others(group)" :key="one.id" :value="one.id">{{ one.name }}</option></select></span>
            <span class="ok-layer-tools">${arrow("up", "'Turn ' + (i + 1) + ' earlier'", "i === 0", "shift(i, i - 1)")}${arrow("down", "'Turn ' + (i + 1) + ' later'", "i === layer.groups.length - 1", "shift(i, i + 1)")}</span></li></ol>
          <select class="ok-select" aria-label="Add a person" @change="add"><option value="">Add a person…</option><option v-for="one in people" :key="one.id" :value="one.id">{{ one.name }}{{ one.reachable ? '' : ' (cannot be paged)' }}</option></select>
        </fieldset>
        <fieldset><legend>A turn lasts</legend>
          <div class="ok-layer-turn"><input class="ok-input" type="number" min="1" max="1000" :aria-label="'How many ' + units[layer.unit]" :value="layer.length" @input="set('length', Number($event.target.value))"><select class="ok-select" aria-label="Unit" :value="layer.unit" @change="unit($event.target.value)"><option v-for="(word, name) in units" :key="name" :value="name">{{ word }}</option></select></div>
          <template v-if="layer.unit === 'weekdays'">
            <div v-for="(one, i) in layer.handoffs" :key="i" class="ok-layer-row"><select class="ok-select" aria-label="Handoff on" :value="one.weekday" @change="put('handoffs', i, { weekday: Number($event.target.value) })"><option v-for="(word, n) in weekdays" :key="n" :value="n + 1">{{ word }}</option></select><input class="ok-input" type="time" aria-label="at" :value="one.at" @input="put('handoffs', i, { at: $event.target.value })">${cross("Remove this handoff", "drop_row('handoffs', i)")}</div>
            <button type="button" class="ok-button ok-button-small" @click="set('handoffs', [...layer.handoffs, { weekday: 1, at: '09:00' }])"><span class="ok-icon ok-icon-plus" aria-hidden="true"></span><span>Add a handoff</span></button></template>
          <div class="ok-cover-own"><label>First handoff<input class="ok-input" type="datetime-local" :value="layer.starts_at" @input="set('starts_at', $event.target.value)"></label><label>Ends, if ever<input class="ok-input" type="datetime-local" :value="layer.ends_at" @input="set('ends_at', $event.target.value || null)"></label></div>
        </fieldset>
        <fieldset><legend>Hours in which it covers anything</legend>
          <p v-if="!layer.hours.length" class="ok-muted">Around the clock, every day.</p>
          <div v-for="(one, i) in layer.hours" :key="i" class="ok-layer-hours"><div class="ok-days"><label v-for="(word, n) in weekdays" :key="n"><input type="checkbox" :checked="one.weekdays.includes(n + 1)" :aria-label="word" @change="day(i, n + 1, $event.target.checked)"><span>{{ word.slice(0, 2) }}</span></label></div>
            <div class="ok-layer-row"><input class="ok-input" type="time" aria-label="From" :value="one.start" @input="put('hours', i, { start: $event.target.value })"><span>to</span><input class="ok-input" type="time" aria-label="To" :value="one.end === '24:00' ? '00:00' : one.end" @input="put('hours', i, { end: $event.target.value })">
              <select class="ok-select" aria-label="It ends on" :value="one.to_weekday ?? ''" @change="put('hours', i, { to_weekday: Number($event.target.value) || null })"><option value="">{{ one.end <= one.start ? 'the next day' : 'the same day' }}</option><option v-for="(word, n) in weekdays" :key="n" :value="n + 1">{{ word }}</option></select>${cross("Remove these hours", "drop_row('hours', i)")}</div></div>
          <button type="button" class="ok-button ok-button-small" @click="set('hours', [...layer.hours, { weekdays: [1, 2, 3, 4, 5], start: '09:00', end: '17:00', to_weekday: null }])"><span class="ok-icon ok-icon-plus" aria-hidden="true"></span><span>{{ layer.hours.length ? 'Add hours' : 'Only in some hours' }}</span></button>
          <div class="ok-field"><label :for="id + '-holidays'">On public holidays</label><select :id="id + '-holidays'" class="ok-select" :value="layer.holidays" @change="set('holidays', $event.target.value)"><option value="any">as on other days</option><option value="not">it covers nothing</option><option value="only">it covers only them</option></select></div>
          <label class="ok-switch"><input type="checkbox" role="switch" :checked="layer.active_only" @change="set('active_only', $event.target.checked)"><span>Count only days on which it covers anything</span></label>
        </fieldset>
        <div class="ok-field"><label :for="id + '-zone'">Its own zone</label><input :id="id + '-zone'" class="ok-input" list="ok-zones" :value="layer.zone" :placeholder="'As the schedule: ' + zone" autocomplete="off" spellcheck="false" @change="set('zone', $event.target.value.trim() || null)"></div>
      </template>
      <div class="ok-buttons"><button v-if="!alone && !layer.imported" type="button" class="ok-button ok-button-small" @click="$emit('shadow')"><span>{{ shadow ? 'Make it count: no longer a shadow' : 'Make it a shadow: they listen only' }}</span></button><button v-if="!alone || !first || !last" type="button" class="ok-button ok-button-small ok-button-danger" @click="$emit('remove')"><span>Remove layer</span></button></div>
    </div>
  </section>`,
  data: () => ({ held: null, units: UNITS, weekdays: WEEKDAYS }),
  methods: {
    hourWords, initials, layerWords, plural,
    set(name, value) { this.$emit("change", { ...this.layer, [name]: value }); },
    put(list, i, change) { this.set(list, this.layer[list].map((one, n) => (n === i ? { ...one, ...change } : one))); },
    drop_row(list, i) { this.set(list, this.layer[list].filter((_, n) => n !== i)); },
    unit(unit) {
      const handoffs = unit === "weekdays" && !this.layer.handoffs.length ? [{ weekday: 1, at: "09:00" }, { weekday: 5, at: "17:00" }] : this.layer.handoffs;
      this.$emit("change", { ...this.layer, unit, handoffs });
    },
    day(i, day, on) { const { weekdays } = this.layer.hours[i]; this.put("hours", i, { weekdays: (on ? [...weekdays, day] : weekdays.filter((one) => one !== day)).sort((a, b) => a - b) }); },
    others(group) { return this.people.filter((one) => !group.includes(one.id)); },
    add(event) { const user = Number(event.target.value); event.target.value = ""; if (user) this.set("groups", [...this.layer.groups, [user]]); },
    join(i, event) { const user = Number(event.target.value); event.target.value = ""; if (user) this.set("groups", this.layer.groups.map((group, n) => (n === i ? [...group, user] : group))); },
    leave(i, user) { this.set("groups", this.layer.groups.map((group, n) => (n === i ? group.filter((one) => one !== user) : group)).filter((group) => group.length)); },
    shift(from, to) { this.set("groups", moved(this.layer.groups, from, to)); },
    drop(to) { if (this.held !== null) this.shift(this.held, to); this.held = null; },
  },
};
