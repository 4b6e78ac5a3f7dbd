/* elements.c - deed_core.Node, Relationship and Path: what queries return of the graph, as small objects that no longer
 * depend on it. Two nodes are equal if they have the same id, whatever their properties were when they were read. */
#include "deed_core.h"

typedef struct ElementObject {
    PyObject_HEAD
    uint64_t id;
    uint64_t source; /* relationships */
    uint64_t target;
    PyObject *labels; /* a node's: frozenset of str; a relationship's type: str */
    PyObject *properties;
} ElementObject;

typedef struct PathObject {
    PyObject_HEAD
    PyObject *nodes; /* tuples */
    PyObject *relationships;
} PathObject;

/* ---- Nodes and relationships --------------------------------------------------------------------------------- */

static PyObject *
text_to_python(const deed_text *text)
{
    return PyUnicode_DecodeUTF8(text->data, (Py_ssize_t)text->size, NULL);
}

static PyObject *
labels_to_python(const deed_element *element)
{
    PyObject *set = PyFrozenSet_New(NULL);
    for (size_t i = 0; set != NULL && i < element->label_count; i++) {
        PyObject *label = text_to_python(&element->labels[i]);
        /* The set is new and has no other owner, so it may still be filled. */
        if (label == NULL || PySet_Add(set, label) < 0)
            Py_CLEAR(set);
        Py_XDECREF(label);
    }
    return set;
}

static PyObject *
element_to_python(ModuleState *state, const deed_element *element, bool is_node)
{
    PyTypeObject *type = is_node ? state->node_type : state->relationship_type;
    ElementObject *self = (ElementObject *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->id = element->id;
    self->source = element->source;
    self->target = element->target;
    self->labels = is_node ? labels_to_python(element) : text_to_python(&element->labels[0]);
    deed_value map = {.type = DEED_MAP};
    map.as.map.entries = element->properties;
    map.as.map.count = element->property_count;
    self->properties = self->labels != NULL ? value_to_python(state, &map) : NULL;
    if (self->properties == NULL)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static int
element_traverse(ElementObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->labels);
    Py_VISIT(self->properties);
    return 0;
}

static int
element_clear(ElementObject *self)
{
    Py_CLEAR(self->labels);
    Py_CLEAR(self->properties);
    return 0;
}

static void
element_dealloc(ElementObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    element_clear(self);
    type->tp_free((PyObject *)self);
    Py_DECREF(type);
}

static Py_hash_t
element_hash(ElementObject *self)
{
    Py_hash_t hash = (Py_hash_t)(self->id * 0x9E3779B97F4A7C15u);
    return hash == -1 ? -2 : hash;
}

static PyObject *
element_compare(PyObject *self, PyObject *other, int operation)
{
    if (Py_TYPE(self) != Py_TYPE(other) || (operation != Py_EQ && operation != Py_NE))
        Py_RETURN_NOTIMPLEMENTED;
    bool equal = ((ElementObject *)self)->id == ((ElementObject *)other)->id;
    return PyBool_FromLong(equal == (operation == Py_EQ));
}

static PyObject *
element_subscript(ElementObject *self, PyObject *key)
{
    PyObject *value = PyDict_GetItemWithError(self->properties, key);
    if (value == NULL && !PyErr_Occurred())
        PyErr_SetObject(PyExc_KeyError, key);
    return Py_XNewRef(value);
}

static PyObject *
element_get(ElementObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    if (count < 1 || count > 2) {
        PyErr_SetString(PyExc_TypeError, "get() takes a key and perhaps a default");
        return NULL;
    }
    PyObject *value = PyDict_GetItemWithError(self->properties, arguments[0]);
    if (value == NULL && PyErr_Occurred())
        return NULL;
    return Py_NewRef(value != NULL ? value : count == 2 ? arguments[1] : Py_None);
}

static PyObject *
node_repr(ElementObject *self)
{
    PyObject *sorted = PySequence_List(self->labels);
    if (sorted == NULL || PyList_Sort(sorted) < 0) {
        Py_XDECREF(sorted);
        return NULL;
    }
    PyObject *text = PyUnicode_FromFormat("<Node %llu", (unsigned long long)self->id);
    for (Py_ssize_t i = 0; text != NULL && i < PyList_GET_SIZE(sorted); i++)
        Py_SETREF(text, PyUnicode_FromFormat("%U :%U", text, PyList_GET_ITEM(sorted, i)));
    Py_DECREF(sorted);
    if (text != NULL)
        Py_SETREF(text, PyUnicode_FromFormat("%U %R>", text, self->properties));
    return text;
}

static PyObject *
relationship_repr(ElementObject *self)
{
    return PyUnicode_FromFormat("<Relationship %llu (%llu)-[:%U]->(%llu) %R>", (unsigned long long)self->id,
                                (unsigned long long)self->source, self->labels, (unsigned long long)self->target,
                                self->properties);
}

static PyMemberDef node_members[] = {
    {"id", T_ULONGLONG, offsetof(ElementObject, id), READONLY, "The id."},
    {"labels", T_OBJECT_EX, offsetof(ElementObject, labels), READONLY, "The labels, a frozenset of str."},
    {"properties", T_OBJECT_EX, offsetof(ElementObject, properties), READONLY, "The properties, a dict."},
    {NULL},
};

static PyMemberDef relationship_members[] = {
    {"id", T_ULONGLONG, offsetof(ElementObject, id), READONLY, "The id."},
    {"type", T_OBJECT_EX, offsetof(ElementObject, labels), READONLY, "The relationship type."},
    {"source", T_ULONGLONG, offsetof(ElementObject, source), READONLY, "The id of the node it leaves."},
    {"target", T_ULONGLONG, offsetof(ElementObject, target), READONLY, "The id of the node it reaches."},
    {"properties", T_OBJECT_EX, offsetof(ElementObject, properties), READONLY, "The properties, a dict."},
    {NULL},
};

static PyMethodDef element_methods[] = {
    {"get", (PyCFunction)(void (*)(void))element_get, METH_FASTCALL,
     "get($self, key, default=None, /)\n--\n\nThe property of that key, or the default if there is none."},
    {NULL},
};

PyDoc_STRVAR(node_doc, "A node as a query found it: id, labels, properties. node['key'] is a property.");
PyDoc_STRVAR(relationship_doc,
"A relationship as a query found it: id, type, source, target, properties. relationship['key'] is a property.");

static PyType_Slot node_slots[] = {
    {Py_tp_doc, (void *)node_doc},
    {Py_tp_dealloc, element_dealloc},
    {Py_tp_traverse, element_traverse},
    {Py_tp_clear, element_clear},
    {Py_tp_hash, element_hash},
    {Py_tp_richcompare, element_compare},
    {Py_mp_subscript, element_subscript},
    {Py_tp_repr, node_repr},
    {Py_tp_members, node_members},
    {Py_tp_methods, element_methods},
    {0, NULL},
};

PyType_Spec node_spec = {
    .name = "deed_core.Node",
    .basicsize = sizeof(ElementObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = node_slots,
};

static PyType_Slot relationship_slots[] = {
    {Py_tp_doc, (void *)relationship_doc},
    {Py_tp_dealloc, element_dealloc},
    {Py_tp_traverse, element_traverse},
    {Py_tp_clear, element_clear},
    {Py_tp_hash, element_hash},
    {Py_tp_richcompare, element_compare},
    {Py_mp_subscript, element_subscript},
    {Py_tp_repr, relationship_repr},
    {Py_tp_members, relationship_members},
    {Py_tp_methods, element_methods},
    {0, NULL},
};

PyType_Spec relationship_spec = {
    .name = "deed_core.Relationship",
    .basicsize = sizeof(ElementObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = relationship_slots,
};

/* ---- Paths --------------------------------------------------------------------------------------------------- */

static PyObject *
elements_to_python(ModuleState *state, const deed_element *elements, size_t count, bool are_nodes)
{
    PyObject *tuple = PyTuple_New((Py_ssize_t)count);
    for (size_t i = 0; tuple != NULL && i < count; i++) {
        PyObject *element = element_to_python(state, &elements[i], are_nodes);
        if (element == NULL)
            Py_CLEAR(tuple);
        else
            PyTuple_SET_ITEM(tuple, (Py_ssize_t)i, element);
    }
    return tuple;
}

static PyObject *
path_to_python(ModuleState *state, const deed_path *path)
{
    PathObject *self = (PathObject *)state->path_type->tp_alloc(state->path_type, 0);
    if (self == NULL)
        return NULL;
    self->nodes = elements_to_python(state, path->entities, path->entity_count, true);
    if (self->nodes != NULL)
        self->relationships = elements_to_python(state, path->relationships, path->relationship_count, false);
    if (self->relationships == NULL)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static int
path_traverse(PathObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->nodes);
    Py_VISIT(self->relationships);
    return 0;
}

static int
path_clear(PathObject *self)
{
    Py_CLEAR(self->nodes);
    Py_CLEAR(self->relationships);
    return 0;
}

static void
path_dealloc(PathObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    path_clear(self);
    type->tp_free((PyObject *)self);
    Py_DECREF(type);
}

static Py_ssize_t
path_length(PathObject *self)
{
    return PyTuple_GET_SIZE(self->relationships);
}

static PyObject *
path_compare(PyObject *self, PyObject *other, int operation)
{
    if (Py_TYPE(self) != Py_TYPE(other) || (operation != Py_EQ && operation != Py_NE))
        Py_RETURN_NOTIMPLEMENTED;
    int equal = PyObject_RichCompareBool(((PathObject *)self)->nodes, ((PathObject *)other)->nodes, Py_EQ);
    if (equal > 0)
        equal = PyObject_RichCompareBool(((PathObject *)self)->relationships, ((PathObject *)other)->relationships, Py_EQ);
    return equal < 0 ? NULL : PyBool_FromLong(equal == (operation == Py_EQ));
}

static Py_hash_t
path_hash(PathObject *self)
{
    Py_hash_t nodes = PyObject_Hash(self->nodes);
    Py_hash_t relationships = nodes != -1 ? PyObject_Hash(self->relationships) : -1;
    if (relationships == -1)
        return -1;
    Py_hash_t hash = nodes ^ (relationships << 1);
    return hash == -1 ? -2 : hash;
}

static PyObject *
path_repr(PathObject *self)
{
    return PyUnicode_FromFormat("<Path of %zd relationships, from %R to %R>", path_length(self),
                                PyTuple_GET_ITEM(self->nodes, 0),
                                PyTuple_GET_ITEM(self->nodes, PyTuple_GET_SIZE(self->nodes) - 1));
}

static PyMemberDef path_members[] = {
    {"nodes", T_OBJECT_EX, offsetof(PathObject, nodes), READONLY, "The nodes in order, a tuple."},
    {"relationships", T_OBJECT_EX, offsetof(PathObject, relationships), READONLY,
     "The relationships in order, a tuple; one fewer than there are nodes."},
    {NULL},
};

PyDoc_STRVAR(path_doc, "A path as a query found it: nodes and the relationships between them. len(path) counts relationships.");

static PyType_Slot path_slots[] = {
    {Py_tp_doc, (void *)path_doc},
    {Py_tp_dealloc, path_dealloc},
    {Py_tp_traverse, path_traverse},
    {Py_tp_clear, path_clear},
    {Py_tp_hash, path_hash},
    {Py_tp_richcompare, path_compare},
    {Py_tp_repr, path_repr},
    {Py_sq_length, path_length},
    {Py_tp_members, path_members},
    {0, NULL},
};

PyType_Spec path_spec = {
    .name = "deed_core.Path",
    .basicsize = sizeof(PathObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = path_slots,
};

PyObject *
graph_value_to_python(ModuleState *state, const deed_value *value)
{
    switch (value->type) {
    case DEED_ELEMENT_ENTITY:
        return element_to_python(state, value->as.element, true);
    case DEED_ELEMENT_RELATIONSHIP:
        return element_to_python(state, value->as.element, false);
    default:
        return path_to_python(state, value->as.path);
    }
}
